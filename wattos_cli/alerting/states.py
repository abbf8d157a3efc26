"""How an alert is: inactive, pending or firing, since when, for which labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

State = Literal["inactive", "pending", "firing"]
_ORDER = {"firing": 0, "pending": 1, "inactive": 2}
_SEVERITIES = {"critical": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class AlertState:
    """One alert for one set of labels; an inactive one has none, and no value.

    `since_s` is when its condition began to hold, in Unix seconds. `muted`: Alertmanager tells nobody of it.
    """

    name: str
    state: State
    severity: str
    labels: Mapping[str, str] = field(default_factory=dict)
    value: float | None = None
    since_s: float | None = None
    summary: str = ""
    description: str = ""
    runbook: str = ""
    dashboard: str = ""
    muted: bool = False


def in_order(states: Sequence[AlertState]) -> list[AlertState]:
    """Return what is worst first."""
    return sorted(
        states,
        key=lambda each: (
            _ORDER[each.state],
            _SEVERITIES.get(each.severity, len(_SEVERITIES)),
            each.name,
            sorted(each.labels.items()),
        ),
    )
