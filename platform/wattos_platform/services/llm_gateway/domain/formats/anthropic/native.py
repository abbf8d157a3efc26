"""A request that came in Anthropic's own words, which are passed on, cache marks and signed thoughts too."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.formats.anthropic.request import sampling

# Those that need no header of their own.
_PASSED = (
    "max_tokens",
    "messages",
    "system",
    "stop_sequences",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "top_k",
    "metadata",
    "cache_control",
    "service_tier",
    "inference_geo",
)


def native_body(model: str, request: ChatRequest, *, stream: bool, api_version: str) -> dict[str, Any] | None:
    """Return the body as its caller said it; None for one of another dialect, or with passages to be told.

    ProviderFailure `unsupported` for a sampling parameter that the model does not take.
    """
    if request.dialect != "messages" or request.passages:
        return None
    asked = request.asked
    body = {name: asked[name] for name in _PASSED if asked.get(name) is not None}
    told = (_without_unsigned(message) for message in asked["messages"])
    body["messages"] = [message for message in told if message["content"]]
    return {
        "model": model,
        **body,
        **sampling(model, asked, api_version),
        **({"stream": True} if stream else {}),
    }


def _without_unsigned(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message without thoughts that another provider had: Anthropic takes only its own, signed."""
    content = message["content"]
    if not isinstance(content, list):
        return message
    kept = [block for block in content if block["type"] != "thinking" or block.get("signature")]
    return message if len(kept) == len(content) else {**message, "content": kept}
