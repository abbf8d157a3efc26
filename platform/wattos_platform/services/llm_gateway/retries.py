"""Trying a provider again, within a budget."""

from wattos_platform.kernel.resilience.retry import Retry, RetrySettings
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure


class Retries:
    """One Retry per provider, so that each has a budget of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._kept: dict[str, Retry] = {}

    def of(self, provider: str) -> Retry:
        """Return the provider's."""
        if provider not in self._kept:
            settings = self._runtime.settings
            self._kept[provider] = Retry(
                f"llm:{provider}",
                RetrySettings(
                    max_attempts=settings.retry_max_attempts,
                    base_s=settings.retry_initial_delay_ms / 1000,
                    cap_s=settings.retry_max_delay_ms / 1000,
                    growth=settings.retry_multiplier,
                ),
                monotonic=self._runtime.monotonic,
                meter=self._runtime.metrics,
                should_retry=lambda error: isinstance(error, ProviderFailure) and error.worth_a_retry,
            )
        return self._kept[provider]
