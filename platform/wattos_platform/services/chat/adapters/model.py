"""The model gateway as a Model."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops import HopClient, HopResponse
from wattos_platform.services.chat.adapters.openai_stream import read_chunks
from wattos_platform.services.chat.ports import ModelChunk, ModelRequest

_COMPLETIONS = "/v1/chat/completions"
_BAD_REQUEST = 400
_OWN_FAULTS = frozenset({401, 403})
_PASSED_ON = frozenset({"retry-after"})


class GatewayModel:
    """Implements Model over llm-gateway's OpenAI API."""

    def __init__(self, hop: HopClient) -> None:
        self._hop = hop

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk]:
        """Yield the answer as it comes; errors as the port says."""
        async with self._hop.stream("POST", _COMPLETIONS, json=body_of(request)) as response:
            if response.status >= _BAD_REQUEST:
                raise await _refusal(response)
            async for chunk in read_chunks(response.chunks()):
                yield chunk


def body_of(request: ModelRequest) -> dict[str, Any]:
    """Return the request in OpenAI's words (`max_tokens`, not `maxTokens`), without what is not chosen."""
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [dict(message) for message in request.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    if request.context is not None:
        body["wattos_context"] = [asdict(passage) for passage in request.context]
    return body


async def _refusal(response: HopResponse) -> ServiceError:
    """Return the caller's view of a refusal: their own mistakes as they are, everything else as 503."""
    error = _error_of(await response.read())
    headers = {name: value for name, value in response.headers.items() if name.lower() in _PASSED_ON}
    message = str(error.get("message") or "The model gateway refused the request.")
    if response.status >= 500 or response.status in _OWN_FAULTS:  # noqa: PLR2004 - an HTTP status class
        headers.setdefault("Retry-After", "1")
        return ServiceError(503, "model_unavailable", message, headers=headers)
    code = str(error.get("code") or "model_refused")
    return ServiceError(response.status, code, message, headers=headers)


def _error_of(body: bytes) -> Mapping[str, Any]:
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    error = decoded.get("error") if isinstance(decoded, dict) else None
    if isinstance(error, dict):
        return error
    return decoded if isinstance(decoded, dict) else {}
