"""The notation of the scripts: durations, and series with sequences of values."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import promql_parser

from wattos_cli.metricstore.series import NAME, STALE, Labels


class Other(Enum):
    """What stands in a sequence where a number might: no sample, or a native histogram."""

    NOTHING = "_"
    NATIVE = "{{}}"


Value = float | Other

_UNITS_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "y": 31_536_000_000,
}
_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_NUMBER = r"(?:[Ii]nf|[Nn]a[Nn]|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
# No hexadecimal numbers here: 0x59 is a zero and 59 more.
_ITEM = re.compile(
    rf"(?:(?P<native>\{{\{{.*?\}}\}}(?:[+-]\{{\{{.*?\}}\}})?)|(?P<nothing>_)|(?P<stale>stale)"
    rf"|(?P<first>[+-]?{_NUMBER})(?P<step>[+-]{_NUMBER})?)(?:x(?P<times>\d+))?(?=\s|$)"
)
_SERIES = re.compile(
    r"""(?P<series>[a-zA-Z_:][\w:.]*\s*(?:\{(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|[^}"'`])*\})?
      |\{(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|[^}"'`])*\})(?:\s+(?P<values>.*))?$""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Sequences:
    """One series of a script and its values, one an interval."""

    labels: Labels
    values: Sequence[Value]


def milliseconds(text: str) -> int:
    """Return the milliseconds of a duration like 5m, 1h30m or 0; ValueError if `text` is none."""
    if text == "0":
        return 0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"expected a duration, got {text!r}")
    return sum(int(number) * _UNITS_MS[unit] for number, unit in parts)


def series(line: str) -> Sequences:
    """Return the series and the values that `line` writes; ValueError if it writes none."""
    found = _SERIES.match(line)
    if found is None:
        raise ValueError(f"expected a series and its values, got {line!r}")
    return Sequences(labels(found["series"].strip()), list(_values(found["values"] or "")))


def labels(text: str) -> Labels:
    """Return the labels of `name{label="value"}`."""
    if re.fullmatch(r"\{\s*\}", text):
        return ()
    if re.fullmatch(r"[a-zA-Z_:][\w:.]*", text):
        return ((NAME, text),)
    selector = promql_parser.parse(re.sub(r"\{\s*\}$", "", text))
    assert isinstance(selector, promql_parser.VectorSelector)
    pairs = [(matcher.name, matcher.value) for matcher in selector.matchers.matchers]
    if selector.name:
        pairs.append((NAME, selector.name))
    return tuple(sorted(pair for pair in pairs if pair[1]))


def number(text: str) -> float:
    """Return the number that `text` is; ValueError if it is none."""
    return float(int(text, 0)) if re.fullmatch(r"[+-]?0[xX][0-9a-fA-F]+", text) else float(text)


def _values(text: str) -> Iterator[Value]:
    position = 0
    text = text.strip()
    while position < len(text):
        found = _ITEM.match(text, position)
        if found is None:
            raise ValueError(f"expected values, got {text[position:]!r}")
        yield from _expanded(found)
        position = found.end() + len(text[found.end() :]) - len(text[found.end() :].lstrip())


def _expanded(found: re.Match[str]) -> Iterator[Value]:
    """Yield one value and as many more as x says; of nothing, as many as it says."""
    times = int(found["times"] or 0)
    if found["nothing"]:
        yield from [Other.NOTHING] * max(1, times)
        return
    if found["native"] or found["stale"]:
        yield from [Other.NATIVE if found["native"] else STALE] * (times + 1)
        return
    value, step = number(found["first"]), number(found["step"] or "0")
    yield value
    for _ in range(times):
        value += step
        yield value
