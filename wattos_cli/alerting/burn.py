"""How fast an error budget burns: the windows over which it is measured, and the speeds that raise alerts.

Source: The Site Reliability Workbook, chapter 5, multiwindow, multi-burn-rate alerts.
"""

from dataclasses import dataclass

from wattos_cli.alerting.alert import Severity


@dataclass(frozen=True, slots=True)
class Speed:
    """A budget that burns `factor` times as fast as it may, over `long` and still over `short`."""

    name: str
    factor: float
    long: str
    short: str
    for_: str
    severity: Severity


SPEEDS: tuple[Speed, ...] = (
    Speed("BudgetBurnFast", 14.4, "1h", "5m", "2m", Severity.CRITICAL),
    Speed("BudgetBurnSteady", 6, "6h", "30m", "15m", Severity.CRITICAL),
    Speed("BudgetBurnSlow", 3, "1d", "2h", "1h", Severity.WARNING),
    Speed("BudgetBurnCreeping", 1, "3d", "6h", "3h", Severity.WARNING),
)
WINDOWS = tuple(dict.fromkeys((*(speed.short for speed in SPEEDS), *(speed.long for speed in SPEEDS))))


def burn_rate(window: str) -> str:
    """Return the recorded name of the burn rate over `window`; at 1 the budget lasts for just its window."""
    return f"slo:burn_rate:{window}"


def events(window: str) -> str:
    """Return the recorded name of the number of events within `window`."""
    return f"slo:events:{window}"
