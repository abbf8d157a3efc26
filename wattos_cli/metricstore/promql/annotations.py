"""What a query remarks besides its answer: texts as Prometheus words them, each with its place."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from wattos_cli.metricstore.promql.digits import general

_NOT_A_COUNTER = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:"
_NOT_MONOTONIC = (
    "input to histogram_quantile needed to be fixed for monotonicity "
    "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
)
_SORTED_RANGE = "sort is ineffective for range queries since results are always ordered by labels"


@dataclass
class _Repair:
    """The buckets whose counts fell, over all samples of one metric."""

    position: int
    low_bucket: float
    high_bucket: float
    largest: float
    first_ms: int
    last_ms: int
    samples: int


@dataclass
class Annotations:
    """Collects remarks; the same one twice counts once."""

    _warnings: dict[str, int] = field(default_factory=dict)
    _infos: dict[str, int] = field(default_factory=dict)
    _repairs: dict[str, _Repair] = field(default_factory=dict)

    def invalid_quantile(self, quantile: float, position: int) -> None:
        """Warn that `quantile` is outside 0 to 1."""
        self._warn(f"quantile value should be between 0 and 1, got {general(quantile)}", position)

    def invalid_ratio(self, ratio: float, capped: float, position: int) -> None:
        """Warn that `ratio` is outside -1 to 1."""
        got = f"got {general(ratio)}, capping to {general(capped)}"
        self._warn(f"ratio value should be between -1 and 1, {got}", position)

    def bad_bucket(self, metric: str, label: str, position: int) -> None:
        """Warn that the label `le` of a bucket is no number."""
        named = f' for metric name "{metric}"' if metric else ""
        self._warn(f'bucket label "le" is missing or has a malformed value of "{label}"{named}', position)

    def sorted_range(self, position: int) -> None:
        """Warn that sorting has no effect in a range query."""
        self._warn(_SORTED_RANGE, position)

    def possible_non_counter(self, metric: str, position: int) -> None:
        """Remark that the rate of what may be no counter is asked for."""
        self._infos.setdefault(f'{_NOT_A_COUNTER} "{metric}"', position)

    def not_monotonic(
        self, metric: str, position: int, at_ms: int, buckets: tuple[float, float], largest: float
    ) -> None:
        """Remark that counts fell from a bucket to the next, between two `buckets`, by `largest` at most."""
        named = f' for metric name "{metric}"' if metric else ""
        known = self._repairs.setdefault(
            _NOT_MONOTONIC + named, _Repair(position, *buckets, largest, at_ms, at_ms, 0)
        )
        known.low_bucket = min(known.low_bucket, buckets[0])
        known.high_bucket = max(known.high_bucket, buckets[1])
        known.largest = max(known.largest, largest)
        known.first_ms = min(known.first_ms, at_ms)
        known.last_ms = max(known.last_ms, at_ms)
        known.samples += 1

    def warnings(self, expression: str) -> tuple[str, ...]:
        """Return the warnings, each with line and column."""
        return tuple(
            f"PromQL warning: {text} ({_place(expression, position)})"
            for text, position in self._warnings.items()
        )

    def infos(self, expression: str) -> tuple[str, ...]:
        """Return the remarks, each with line and column."""
        plain = [
            f"PromQL info: {text} ({_place(expression, position)})" for text, position in self._infos.items()
        ]
        repairs = [
            f"PromQL info: {text}, from buckets {general(repair.low_bucket)} to "
            f"{general(repair.high_bucket)}, with a max diff of {repair.largest:.2g}, over "
            f"{repair.samples} samples from {_instant(repair.first_ms)} to {_instant(repair.last_ms)} "
            f"({_place(expression, repair.position)})"
            for text, repair in self._repairs.items()
        ]
        return (*plain, *repairs)

    def _warn(self, text: str, position: int) -> None:
        self._warnings.setdefault(text, position)


def _place(expression: str, position: int) -> str:
    before = expression[:position]
    return f"{before.count(chr(10)) + 1}:{position - before.rfind(chr(10))}"


def _instant(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
