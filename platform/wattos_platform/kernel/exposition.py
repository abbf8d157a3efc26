"""Prometheus's text format, version 0.0.4, of numbers that were read before.

Written anew since prometheus_client takes ten times as long, in a thread that keeps the event loop waiting
for the interpreter all that time.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from prometheus_client.utils import floatToGoString

from wattos_platform.contracts.metrics import MetricFamily

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PARTS_AT_ONCE = 128
_PAUSE_S = 0.0001
_NOT_FINITE = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_HELP_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n"})

Number = tuple[str, float]
Distribution = tuple[str, Sequence[int], float]


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of one family at one instant, each behind the text of its labels (`label_text`).

    A histogram has distributions: how many observations each bucket holds, and their sum.
    """

    family: MetricFamily
    numbers: Sequence[Number] = ()
    distributions: Sequence[Distribution] = ()


def label_text(names: Sequence[str], values: Sequence[str]) -> str:
    """Return labels as they stand between the braces, by name: `method="GET",route="/a"`."""
    pairs = sorted(zip(names, values, strict=True))
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs)


def render(readings: Iterable[Reading], sleep: Callable[[float], object] = time.sleep) -> bytes:
    """Return the exposition of `readings`, in their order.

    Now and then it sleeps for a moment: a thread that only works gives the interpreter to others no more
    often than every 5 ms.
    """
    parts: list[str] = []
    for reading in readings:
        for part in _family(reading):
            parts.append(part)
            if not len(parts) % _PARTS_AT_ONCE:
                sleep(_PAUSE_S)
    return "".join(parts).encode()


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether a request with this Accept-Encoding takes gzip: named, and not with a weight of 0."""
    for offer in accept_encoding.lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _family(reading: Reading) -> Iterator[str]:
    family = reading.family
    yield (
        f"# HELP {family.name} {family.help.translate(_HELP_ESCAPES)}\n# TYPE {family.name} {family.kind}\n"
    )
    name = family.name
    for labels, number in reading.numbers:
        yield f"{name}{{{labels}}} {_number(number)}\n" if labels else f"{name} {_number(number)}\n"
    if reading.distributions:
        bounds = [f'le="{_bound(bound)}"}} ' for bound in (*family.buckets, float("inf"))]
        for distribution in reading.distributions:
            yield _distribution(name, bounds, distribution)


def _distribution(name: str, bounds: Sequence[str], distribution: Distribution) -> str:
    labels, counts, total = distribution
    start = f"{name}_bucket{{{labels}," if labels else f"{name}_bucket{{"
    lines = [f"{start}{bound}{count}.0\n" for bound, count in zip(bounds, accumulate(counts), strict=True)]
    braced = f"{{{labels}}}" if labels else ""
    lines.append(f"{name}_count{braced} {sum(counts)}.0\n{name}_sum{braced} {_number(total)}\n")
    return "".join(lines)


def _bound(value: float) -> str:
    """Return a bucket's bound as every Prometheus client writes it: it is a label, compared as text."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]  # the library gives no types


def _number(value: float) -> str:
    text = repr(float(value))
    return _NOT_FINITE.get(text, text)
