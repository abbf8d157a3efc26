"""Which metrics there are: what is said of each, how many series it has and what they last were."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.series import NAME, Matcher, Source, is_stale

# How long before the last scrape a series may have ended and still be listed.
RECENT_MS = 300_000
_PARTS = ("_bucket", "_sum", "_count")
_SCRAPER = {
    "up": Family("gauge", "1 when the target answered the last scrape, else 0."),
    "scrape_duration_seconds": Family("gauge", "Time of the last scrape.", "seconds"),
    "scrape_samples_scraped": Family("gauge", "Samples of the last scrape."),
}
_COUNTED = frozenset({"histogram", "summary"})
_SUMMED = _COUNTED | {"counter"}
_UNITS = ("seconds", "bytes", "ratio", "usd")


@dataclass
class Listed:
    """One family with the newest value of each series; of a histogram only of its counts."""

    name: str
    family: Family
    series: int = 0
    values: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """Return the family as one flat row, without what is no number."""
        numbers = [value for value in self.values if math.isfinite(value)]
        summed = len(numbers) == 1 or self.family.type in _SUMMED
        return {
            "name": self.name,
            "type": self.family.type,
            "unit": self._unit(),
            "help": self.family.help,
            "series": self.series,
            "last": sum(numbers) if numbers and summed else None,
            "least": min(numbers, default=None),
            "most": max(numbers, default=None),
        }

    def _unit(self) -> str:
        """Return the unit that the target declares, else the one that the name ends in."""
        last_word = self.name.removesuffix("_total").rpartition("_")[2]
        return self.family.unit or (last_word if last_word in _UNITS else "")


def listing(source: Source, said: Mapping[str, Sequence[Family]], last_ms: int, pattern: str) -> list[Listed]:
    """Return the families with series shortly before `last_ms` whose name has `pattern` in it, or fits it.

    A pattern with `*`, `?` or `[` must fit the whole name. Series that ended, as those of a process that is
    gone, count only where a family has no others.
    """
    known = {**_SCRAPER, **{name: families[0] for name, families in said.items() if families}}
    lasting: dict[str, Listed] = {}
    ended: dict[str, Listed] = {}
    every = source.select([Matcher(NAME, "!=", "")], last_ms - RECENT_MS, last_ms)
    for series in every:
        metric = dict(series.labels)[NAME]
        name = _family_name(metric, known)
        if not _fits(name, pattern):
            continue
        found = ended if is_stale(series.values[-1]) else lasting
        listed = found.setdefault(name, Listed(name, known.get(name, Family())))
        listed.series += 1
        value = _newest(series.values)
        if value is not None and (listed.family.type not in _COUNTED or metric.endswith("_count")):
            listed.values.append(value)
    return [listed for _, listed in sorted({**ended, **lasting}.items())]


def is_counter(metric: str, known: Mapping[str, Family]) -> bool:
    """Return whether `metric` counts from 0: a counter, or a part of a histogram or summary that does."""
    name = _family_name(metric, known)
    if name in known:
        return known[name].type == "counter" or (known[name].type in _COUNTED and name != metric)
    # OpenMetrics names the family of a counter without its ending.
    return known.get(metric.removesuffix("_total"), Family()).type == "counter"


def _family_name(metric: str, known: Mapping[str, Family]) -> str:
    if metric in known:
        return metric
    stems = [metric.removesuffix(part) for part in _PARTS if metric.endswith(part)]
    return next((stem for stem in stems if stem in known), metric)


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) if set(pattern) & set("*?[") else pattern in name


def _newest(values: Iterable[float]) -> float | None:
    found = None
    for value in values:
        if not is_stale(value):
            found = value
    return found
