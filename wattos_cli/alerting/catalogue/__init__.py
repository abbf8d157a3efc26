"""THE table of alerts, from which rules, their tests, `wattos alerts` and the runbooks' list derive."""

from wattos_cli.alerting.alert import Alert
from wattos_cli.alerting.catalogue import budgets, models, resilience, services, storage

ALERTS: tuple[Alert, ...] = (
    *services.ALERTS,
    *budgets.ALERTS,
    *models.ALERTS,
    *resilience.ALERTS,
    *storage.ALERTS,
)
