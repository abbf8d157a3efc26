"""The configuration as data: upstreams, aliases, limits, prices; read elsewhere, and found right."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wattos_platform.contracts.limits import Limits
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.pricing import PriceTable


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """One upstream and the wire format it speaks; the key never shows in a representation of it."""

    name: str
    base_url: str
    key: str = field(repr=False)
    key_env: str
    needs_key: bool
    models: tuple[str, ...]
    default_model: str
    kind: str = "openai"
    api_version: str = ""
    deployments: Mapping[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> str | None:
        """Return what keeps this provider from working at all, None if nothing is known to."""
        if self.needs_key and not self.key:
            return f"it has no key: set {self.key_env or 'its api_key_env'}"
        return None


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The active upstreams in the order of fallback, and the aliases."""

    upstreams: tuple[UpstreamSettings, ...] = ()
    aliases: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Configured:
    """What the model gateway is configured to do."""

    providers: ProviderSettings
    limits: Limits
    prices: PriceTable
