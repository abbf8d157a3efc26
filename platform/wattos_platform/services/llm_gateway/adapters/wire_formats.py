"""Which format each kind of upstream speaks; only the formats of configured upstreams are imported."""

import time
from collections.abc import Callable

from wattos_platform.kernel.ids import uuid7
from wattos_platform.services.llm_gateway.domain.configured import UpstreamSettings
from wattos_platform.services.llm_gateway.domain.formats.shapes import Stamps
from wattos_platform.services.llm_gateway.domain.formats.wire_format import WireFormat


def format_of(
    settings: UpstreamSettings,
    *,
    new_id: Callable[[], str] = uuid7,
    clock: Callable[[], float] = time.time,
) -> WireFormat:
    """Return the format that the upstream of `settings` speaks.

    Ids and times of answers come from `new_id` and `clock` (wall time, seconds) where a provider gives none.
    """
    stamps = Stamps(new_id, clock)
    if settings.kind == "azure":
        from wattos_platform.services.llm_gateway.domain.formats.azure import AzureFormat

        return AzureFormat(settings.name, settings.api_version, settings.deployments)
    if settings.kind == "anthropic":
        from wattos_platform.services.llm_gateway.domain.formats.anthropic.format import AnthropicFormat

        return AnthropicFormat(settings.name, stamps, settings.api_version)
    if settings.kind == "google":
        from wattos_platform.services.llm_gateway.domain.formats.google.format import GoogleFormat

        return GoogleFormat(settings.name, stamps)
    if settings.kind == "ollama":
        from wattos_platform.services.llm_gateway.domain.formats.ollama.format import OllamaFormat

        return OllamaFormat(settings.name, stamps)
    from wattos_platform.services.llm_gateway.domain.formats.openai import OpenAiFormat

    return OpenAiFormat(settings.name)
