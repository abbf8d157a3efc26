"""The configured providers as they are used: made once, kept as long as their settings stay the same."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from wattos_platform.kernel.resilience.retry import Retry, RetrySettings
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.services.llm_gateway.adapters.upstream_http import UpstreamHttp, UpstreamTimeouts
from wattos_platform.services.llm_gateway.adapters.upstream_provider import UpstreamProvider
from wattos_platform.services.llm_gateway.adapters.upstream_settings import UpstreamSettings
from wattos_platform.services.llm_gateway.adapters.wire_formats import format_of
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure


class Upstreams:
    """Makes providers of settings. Those that are not wanted any more finish the calls they have begun."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        limits = runtime.settings
        self._timeouts = UpstreamTimeouts(
            connect_s=limits.connect_timeout_s,
            pool_wait_s=limits.pool_wait_s,
            first_byte_s=limits.provider_timeout_s,
            idle_s=limits.stream_idle_timeout_s,
        )
        self._made: list[tuple[UpstreamSettings, UpstreamProvider]] = []

    def of(self, wanted: Sequence[UpstreamSettings]) -> dict[str, UpstreamProvider]:
        """Return the providers of `wanted` by name, made where there is none yet."""
        return {each.name: self._find(each) or self._make(each) for each in wanted}

    def keep_only(self, wanted: Mapping[str, UpstreamProvider]) -> None:
        """Use only `wanted` from now on."""
        kept = set(wanted.values())
        for _, provider in self._made:
            if provider not in kept:
                provider.retire()
        self._made = [(settings, provider) for settings, provider in self._made if provider in kept]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Close every connection when the block ends."""
        try:
            yield
        finally:
            for _, provider in self._made:
                await provider.close()

    def _find(self, wanted: UpstreamSettings) -> UpstreamProvider | None:
        return next((provider for settings, provider in self._made if settings == wanted), None)

    def _make(self, settings: UpstreamSettings) -> UpstreamProvider:
        http = UpstreamHttp(
            settings.name,
            settings.base_url,
            self._timeouts,
            limit=self._runtime.concurrency.get(
                f"llm:{settings.name}", maximum=self._runtime.settings.provider_pool_size
            ),
        )
        provider = UpstreamProvider(settings, format_of(settings), http, self._runtime.clock)
        self._made.append((settings, provider))
        return provider


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
