"""What would fire now: the table of alerts over a source of series; waits are looked up in its history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattos_cli.alerting import recording
from wattos_cli.alerting.alert import Alert, RuleContext
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.recorded import LIMITS, RecordedSource
from wattos_cli.alerting.recording import RecordingRule
from wattos_cli.alerting.rules import Links, annotations
from wattos_cli.alerting.slo import SloBook
from wattos_cli.alerting.states import AlertState
from wattos_cli.alerting.templates import filled
from wattos_cli.durations import duration_s
from wattos_cli.errors import WattosError
from wattos_cli.metricstore.cached_source import CachedSource
from wattos_cli.metricstore.promql.engine import Engine
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.steps import Span
from wattos_cli.metricstore.series import NAME, Labels, Series, Source

_STEPS = 60
_LEAST_LOOK_S = 900.0
_DAY_MS = 86_400_000
# Windows of hours and days are costly, and change slowly.
_DAY_STEP_MS, _DAY_STEP_OF_BUDGETS_MS = 300_000, 1_800_000


def evaluate(
    source: Source,
    book: SloBook,
    at_ms: int,
    *,
    time_scale: float = 1.0,
    alerts: Sequence[Alert] = ALERTS,
    links: Links | None = None,
) -> list[AlertState]:
    """Return how each alert is at `at_ms`: one state per set of labels, or one that is inactive.

    Only what holds now is looked up in the past, in 60 steps over twice its wait: `since_s` is as exact as
    that. Raises WattosError (exit 1) that names the alert when its condition has no answer over these series.
    """
    context = RuleContext(book.thresholds, time_scale)
    rules = [rule for slo in book.slos for rule in recording.rules_of(slo, context)]
    evaluation = _Evaluation(CachedSource(source), rules, context, at_ms, links or Links())
    # The widest windows stand last in the table; what they read serves the others.
    found = {alert.name: list(evaluation.states(alert)) for alert in reversed(alerts)}
    return [state for alert in alerts for state in found[alert.name]]


@dataclass(frozen=True)
class _Evaluation:
    source: Source
    rules: Sequence[RecordingRule]
    context: RuleContext
    at_ms: int
    links: Links

    def states(self, alert: Alert) -> Iterator[AlertState]:
        """Yield the states of one alert."""
        found = self._series(alert, Span(self.at_ms, self.at_ms, 1))
        if not found:
            yield AlertState(
                alert.name, "inactive", str(alert.severity), runbook=alert.runbook(self.links.runbooks)
            )
            return
        wait_ms = round(duration_s(alert.for_) * 1000 / self.context.time_scale) if alert.for_ else 0
        begins = self._begins(alert, wait_ms)
        for series in found:
            labels = _own(series.labels)
            since_ms = begins.get(labels, self.at_ms)
            yield self._state(
                alert, dict(labels), series.values[-1], since_ms, firing=self.at_ms - since_ms >= wait_ms
            )

    def _state(
        self, alert: Alert, labels: dict[str, str], value: float, since_ms: int, *, firing: bool
    ) -> AlertState:
        told = {key: filled(text, labels, value) for key, text in annotations(alert, self.links).items()}
        return AlertState(
            alert.name,
            "firing" if firing else "pending",
            str(alert.severity),
            {**labels, "severity": str(alert.severity), "team": alert.team},
            value,
            since_ms / 1000,
            summary=told["summary"],
            description=told["description"],
            runbook=told["runbook_url"],
            dashboard=told["dashboard_url"],
        )

    def _begins(self, alert: Alert, wait_ms: int) -> dict[Labels, int]:
        """Return for each set of labels when its condition began to hold, as far back as is looked."""
        look_ms = max(2 * wait_ms, round(_LEAST_LOOK_S * 1000 / self.context.time_scale))
        span = Span(self.at_ms - look_ms, self.at_ms, max(1, look_ms // _STEPS))
        begins = {_own(each.labels): _began(each, span) for each in self._series(alert, span)}
        earliest = min(begins.values(), default=self.at_ms)
        if earliest - span.start_ms >= span.step_ms:
            return begins
        is_budget = "slo:" in alert.expression(self.context)
        step_ms = _DAY_STEP_OF_BUDGETS_MS if is_budget else _DAY_STEP_MS
        day = Span(self.at_ms - _DAY_MS, self.at_ms, step_ms)
        longer = {_own(each.labels): _began(each, day) for each in self._series(alert, day)}
        return {labels: min(begin, longer.get(labels, begin)) for labels, begin in begins.items()}

    def _series(self, alert: Alert, span: Span) -> tuple[Series, ...]:
        engine = Engine(RecordedSource(self.source, self.rules, span), limits=LIMITS)
        expression = alert.expression(self.context)
        try:
            return engine.range(expression, span.start_ms, span.end_ms, span.step_ms).series
        except PromqlError as error:
            raise WattosError(
                f"the alert {alert.name} cannot be evaluated: {error.message}",
                hint="see whether each rule can be: wattos alerts check",
                code="alert_not_evaluated",
            ) from error


def _own(labels: Labels) -> Labels:
    return tuple(each for each in labels if each[0] != NAME)


def _began(series: Series, span: Span) -> int:
    """Return the first of the steps that lead without a gap to the end of `span`."""
    begin_ms = span.end_ms
    for at_ms in reversed(series.times_ms):
        if begin_ms - at_ms > span.step_ms:
            break
        begin_ms = at_ms
    return begin_ms
