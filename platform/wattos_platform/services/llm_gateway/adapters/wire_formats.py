"""Which format each kind of upstream speaks; only the formats of configured upstreams are imported."""

from wattos_platform.services.llm_gateway.adapters.upstream_settings import UpstreamSettings
from wattos_platform.services.llm_gateway.domain.formats.wire_format import WireFormat


def format_of(settings: UpstreamSettings) -> WireFormat:
    """Return the format that the upstream of `settings` speaks."""
    from wattos_platform.services.llm_gateway.domain.formats.openai import OpenAiFormat

    return OpenAiFormat(settings.name)
