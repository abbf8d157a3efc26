"""What an alert is: its condition, what it tells, and the series under which it fires and stays silent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from wattos_cli.alerting.slo import Thresholds
from wattos_cli.alerting.windows import scaled


class Severity(StrEnum):
    """How soon somebody must look: now, within the day, when convenient."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What conditions are made for: the thresholds, and the divisor of every span of time."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    time_scale: float = 1.0

    def span(self, text: str) -> str:
        """Return a span of time as this context has it."""
        return scaled(text, self.time_scale)


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert that a case expects: its own labels, and its value as the description shows it."""

    labels: Mapping[str, str]
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """Series in promtool's notation, one sample every `every`, and what fires `at` that time."""

    what: str
    series: Mapping[str, str]
    at: str
    fired: Sequence[Fired] = ()
    every: str = "15s"


def too_short(case: Case, at: str) -> Case:
    """Return `case` at a time when its condition has held, but not as long as the alert waits."""
    return replace(case, what="not yet as long as it waits", at=at, fired=())


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `summary` and `description` are Prometheus templates; `board` is the uid of a dashboard.

    `fires` and `silent` are cases for promtool; every alert has at least one of each.
    """

    name: str
    severity: Severity
    team: str
    expression: Callable[[RuleContext], str]
    summary: str
    description: str
    board: str
    fires: Sequence[Case]
    silent: Sequence[Case]
    for_: str = ""

    def runbook(self, base: str) -> str:
        """Return the address of its runbook below `base`."""
        return f"{base.rstrip('/')}/{self.name}.md"
