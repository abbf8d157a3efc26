"""All measurements of a run, the figures made of them, and what they must reach."""

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import nan

from loadtests.bench.figures import Bar, Verdict
from loadtests.bench.llm_gateway.contenders import LITELLM, NGINX, OURS, PORTKEY

DIRECT = "direct"
RATE, CPU = "requests/s, 32 connections", "CPU us per request"
SMALL, LARGE = "requests/s, 16 connections", "requests/s, 16, 32 KB prompt"
P50, P99 = "p50 ms at 100 requests/s", "p99 ms at 100 requests/s"
STREAMS, FIRST = "streams on time", "first chunk ms, 50 streams"
READY, IDLE, LOADED = "ready s", "PSS idle MB", "PSS under load MB"
FIGURES = (RATE, CPU, SMALL, LARGE, P50, P99, STREAMS, FIRST, READY, IDLE, LOADED)


class Sheet:
    """What was measured, by figure and contender, one value a round."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, figure: str, name: str, value: float) -> None:
        """Note one measurement."""
        self._values[figure, name].append(value)

    def median(self, figure: str, name: str) -> float:
        """Return the median over all rounds, NaN without any."""
        values = self._values.get((figure, name))
        return statistics.median(values) if values else nan

    def highest(self, figure: str, name: str) -> float:
        """Return the highest of all rounds, NaN without any."""
        return max(self._values.get((figure, name)) or [nan])

    def ratio(self, figure: str, name: str, other: str, of: str = "") -> float:
        """Return the median of `name` / `other` of the same round; `of` is the figure of `other`."""
        return self._median_of(
            [one / two for one, two in self._rounds(figure, name, other, of or figure) if two]
        )

    def difference(self, figure: str, name: str, other: str) -> float:
        """Return the median of `name` - `other` of the same round."""
        return self._median_of([one - two for one, two in self._rounds(figure, name, other, figure)])

    def table(self, names: Sequence[str]) -> Iterator[str]:
        """Yield a line of medians for each figure that anybody has."""
        yield f"{'':30}" + "".join(f"{name:>12}" for name in names)
        for figure in FIGURES:
            medians = [self.median(figure, name) for name in names]
            if any(median == median for median in medians):  # noqa: PLR0124 - NaN is not itself
                yield f"{figure:30}" + "".join(_cell(median) for median in medians)

    def _rounds(self, figure: str, name: str, other: str, of: str) -> Iterator[tuple[float, float]]:
        return zip(self._values.get((figure, name), ()), self._values.get((of, other), ()), strict=False)

    @staticmethod
    def _median_of(values: list[float]) -> float:
        return statistics.median(values) if values else nan


def verdicts(sheet: Sheet, names: Sequence[str]) -> list[Verdict]:
    """Return every figure that has a bar; those of contenders that took no part are left out."""
    ratios = [(NGINX, 0.10), (LITELLM, 50.0), (PORTKEY, 5.0)]
    told = [
        Verdict(f"requests/s, times {name}", sheet.ratio(RATE, OURS, name), Bar(least=least), "x")
        for name, least in ratios
        if name in names
    ]
    kept = sheet.ratio(LARGE, OURS, OURS, of=SMALL)
    told += [
        Verdict("32 KB prompt, share of the small prompt's rate", kept, Bar(least=0.4), "x"),
        Verdict("added p50 at 100 requests/s", sheet.difference(P50, OURS, DIRECT), Bar(most=1.0), "ms"),
        Verdict("added p99 at 100 requests/s", sheet.difference(P99, OURS, DIRECT), Bar(most=4.0), "ms"),
        Verdict("streams on time (p99 of chunk delay <= 25 ms)", sheet.median(STREAMS, OURS), Bar(least=400)),
        Verdict("added time to first chunk", sheet.difference(FIRST, OURS, DIRECT), Bar(most=1.0), "ms"),
        Verdict("ready, median of starts", sheet.median(READY, OURS), Bar(most=0.7), "s"),
        Verdict("PSS at rest", sheet.median(IDLE, OURS), Bar(most=60.0), "MB"),
        Verdict("PSS under load, highest", sheet.highest(LOADED, OURS), Bar(most=90.0), "MB"),
    ]
    return told


def _cell(value: float) -> str:
    if value != value:  # noqa: PLR0124 - NaN is not itself
        return f"{'-':>12}"
    return f"{value:12.0f}" if value >= 1000 else f"{value:12.2f}"  # noqa: PLR2004 - digits for the eye
