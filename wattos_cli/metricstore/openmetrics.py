"""Samples as OpenMetrics text with their times: what `promtool tsdb create-blocks-from openmetrics` reads."""

from collections.abc import Callable, Iterable, Iterator

from wattos_cli.metricstore import wire
from wattos_cli.metricstore.series import NAME, Labels, Series, is_stale

_ESCAPED = {"\\": r"\\", '"': r"\"", "\n": r"\n"}


def lines(series: Iterable[Series], shown: Callable[[str, str], str]) -> Iterator[str]:
    """Yield the lines, each with its end; `shown` gives the text of a label, by its name and value.

    The series of one metric stand together, the samples of a series in the order of time.
    """
    named = sorted(((_name(one.labels), one) for one in series), key=lambda pair: (pair[0], pair[1].labels))
    for name, one in named:
        head = _head(name, one.labels, shown)
        for time_ms, value in zip(one.times_ms, one.values, strict=True):
            if not is_stale(value):
                yield f"{head} {wire.number(value)} {wire.seconds(time_ms)}\n"
    yield "# EOF\n"


def _name(labels: Labels) -> str:
    return dict(labels).get(NAME, "")


def _head(name: str, labels: Labels, shown: Callable[[str, str], str]) -> str:
    pairs = ",".join(f'{key}="{_escaped(shown(key, value))}"' for key, value in labels if key != NAME)
    return f"{name}{{{pairs}}}" if pairs else name


def _escaped(value: str) -> str:
    return "".join(_ESCAPED.get(character, character) for character in value)
