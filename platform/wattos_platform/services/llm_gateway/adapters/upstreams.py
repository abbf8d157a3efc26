"""The configured providers as they are used: made once, kept as long as their settings stay the same."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from wattos_platform.kernel.runtime import Runtime
from wattos_platform.services.llm_gateway.adapters.upstream_http import UpstreamHttp, UpstreamTimeouts
from wattos_platform.services.llm_gateway.adapters.upstream_provider import UpstreamProvider
from wattos_platform.services.llm_gateway.adapters.wire_formats import format_of
from wattos_platform.services.llm_gateway.domain.configured import UpstreamSettings
from wattos_platform.services.llm_gateway.ports import Provider


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

    def of(self, wanted: Sequence[UpstreamSettings]) -> dict[str, Provider]:
        """Return the providers of `wanted` by name, made where there is none yet."""
        return {each.name: self._find(each) or self._make(each) for each in wanted}

    def keep_only(self, wanted: Mapping[str, Provider]) -> None:
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
