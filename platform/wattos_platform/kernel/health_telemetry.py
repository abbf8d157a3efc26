"""What the health checks tell the metrics: one gauge each, for as long as the check exists."""

from wattos_platform.kernel.health import HealthMonitor
from wattos_platform.kernel.metrics import Metrics

_FAMILY = "health_check_up"


class HealthTelemetry:
    """Shows the checks of `health` whenever `publish` is called, before each exposition."""

    def __init__(self, health: HealthMonitor, metrics: Metrics) -> None:
        self._health = health
        self._metrics = metrics
        self._shown: set[str] = set()

    def publish(self) -> None:
        """Set each check's gauge, also of one that has been down from the start; drop those that are gone."""
        results = self._health.results()
        for name in self._shown - results.keys():
            self._metrics.forget(_FAMILY, check=name)
        for name, result in results.items():
            self._metrics.gauge(_FAMILY, check=name).set(0 if result.status == "down" else 1)
        self._shown = set(results)
