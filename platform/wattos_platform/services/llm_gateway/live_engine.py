"""The engine in use, replaced while requests run: validated first, so that a bad file changes nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from wattos_platform.kernel.health import Check
from wattos_platform.kernel.reload import Applied
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.services.llm_gateway.catalog import ModelCatalog
from wattos_platform.services.llm_gateway.domain.configured import Configured, UpstreamSettings
from wattos_platform.services.llm_gateway.domain.models import LOCAL
from wattos_platform.services.llm_gateway.engine import Engine, EngineMaker

SIMULATOR_URL = "WATTOS_SIMULATOR_URL"
"""Set by who started the simulator beside this service."""
_OUT_OF_ORDER = {"down": "its circuit breaker is open", "refused": "it refuses this gateway's key"}


class LiveEngine:
    """Holds the engine. A request takes `engine` once, and ends under the configuration it began with."""

    def __init__(
        self,
        runtime: Runtime,
        maker: EngineMaker,
        first: Configured,
        *,
        read: Callable[[Mapping[str, Any]], Configured],
    ) -> None:
        self._runtime = runtime
        self._maker = maker
        self._read = read
        self.engine: Engine = maker.make(first)
        self._tell_health(())
        self._warn_of_limits()

    def apply(self, config: Mapping[str, Any]) -> Applied:
        """Use `config` from now on and return what changed; SettingsError, and nothing changed, if it is bad.

        Keys come from the environment of this process: a new variable needs a restart, a new file does not.
        """
        wanted = self._read(config)
        before = self.engine.configured
        changed = [
            name
            for name in ("providers", "limits", "prices")
            if getattr(wanted, name) != getattr(before, name)
        ]
        if changed:
            self.engine = self._maker.make(wanted)
            self._tell_health(before.providers.upstreams)
            self._warn_of_limits()
        upstreams = wanted.providers.upstreams
        problems = [f"provider {each.name}: {each.problem}" for each in upstreams if each.problem]
        return Applied(changed, problems)

    def _tell_health(self, before: Sequence[UpstreamSettings]) -> None:
        """Name the active providers; one that is down degrades, never more."""
        health = self._runtime.health
        upstreams = self.engine.configured.providers.upstreams
        health.info["providers"] = ", ".join([*(each.name for each in upstreams), LOCAL])
        simulated = self.simulated()
        if simulated:
            health.info["simulated"] = ", ".join(simulated)
        else:
            health.info.pop("simulated", None)
        for each in before:
            health.remove(f"llm:{each.name}")
        for each in upstreams:
            health.add(Check(f"llm:{each.name}", _provider_ping(self.engine.catalog, each)))

    def simulated(self) -> list[str]:
        """Return the providers that are the simulator: who breaks or loads them must know."""
        simulator = self._runtime.environ.get(SIMULATOR_URL)
        return [
            each.name
            for each in self.engine.configured.providers.upstreams
            if simulator and f"{each.base_url}/".startswith(f"{simulator}/")
        ]

    def _warn_of_limits(self) -> None:
        """Log each model of [limits.models] that nothing here serves: misspelt, it limits nobody."""
        book = self.engine.book
        unserved = [name for name in self.engine.configured.limits.models if not book.serves(name)]
        known = [str(entry["id"]) for entry in book.listing()] if unserved else []
        for name in unserved:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            self._runtime.log.warning(
                "limits.unknown_model",
                message=f"limits.models: no alias or provider is known to serve {name!r}.{hint}",
                model=name,
            )


def _provider_ping(catalog: ModelCatalog, upstream: UpstreamSettings) -> Callable[[], Awaitable[str | None]]:
    """Return a check that asks nobody: what is configured, and how past calls ended."""

    async def ping() -> str | None:
        if upstream.problem is not None:
            raise RuntimeError(upstream.problem)
        state = catalog.state(upstream.name)
        if state in _OUT_OF_ORDER:
            raise RuntimeError(_OUT_OF_ORDER[state])
        return None if state == "up" else state

    return ping
