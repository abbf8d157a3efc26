"""What recording rules would have written, computed when it is asked for: no Prometheus has to run."""

from collections.abc import Iterable, Iterator, Sequence

from wattos_cli.alerting.recording import RecordingRule
from wattos_cli.metricstore.promql.engine import Engine, Limits
from wattos_cli.metricstore.promql.steps import Span
from wattos_cli.metricstore.series import NAME, Labels, Matcher, Series, Source

# Rules are ours, not a stranger's queries: a day of many replicas may be read.
LIMITS = Limits(max_samples=200_000_000)


class RecordedSource:
    """`source`, and beside it the series of `rules` at the steps of `span`."""

    def __init__(self, source: Source, rules: Iterable[RecordingRule], span: Span) -> None:
        self._source = source
        self._engine = Engine(source, limits=LIMITS)
        self._span = span
        self._rules: dict[str, list[RecordingRule]] = {}
        for rule in rules:
            self._rules.setdefault(rule.record, []).append(rule)
        self._computed: dict[str, list[Series]] = {}

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        """Yield the series that meet `matchers`, recorded ones at the steps alone; see `Source`."""
        name = next((each.value for each in matchers if each.name == NAME and each.op == "="), "")
        if name not in self._rules:
            yield from self._source.select(matchers, start_ms, end_ms)
            return
        for series in self._of(name):
            own = dict(series.labels)
            cut = series.between(start_ms, end_ms)
            if cut is not None and all(each.matches(own.get(each.name, "")) for each in matchers):
                yield cut

    def _of(self, name: str) -> list[Series]:
        if name not in self._computed:
            self._computed[name] = [
                Series(_labelled(series.labels, rule), series.times_ms, series.values)
                for rule in self._rules[name]
                for series in self._engine.range(
                    rule.expression, self._span.start_ms, self._span.end_ms, self._span.step_ms
                ).series
            ]
        return self._computed[name]


def _labelled(labels: Labels, rule: RecordingRule) -> Labels:
    return tuple(sorted({**dict(labels), NAME: rule.record, **rule.labels}.items()))
