"""The model gateway as a Model."""

import math
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops import HopClient
from wattos_platform.kernel.hops.errors import error_of
from wattos_platform.services.chat.adapters.openai_stream import read_chunks
from wattos_platform.services.chat.ports import ModelChunk, ModelRequest

_COMPLETIONS = "/v1/chat/completions"
_BAD_REQUEST = 400
_SERVER_ERROR = 500
_OWN_FAULTS = frozenset({401, 403})


class GatewayModel:
    """Implements Model over llm-gateway's OpenAI API."""

    def __init__(self, hop: HopClient) -> None:
        self._hop = hop

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk]:
        """Yield the answer as it comes; errors as the port says."""
        # A model may think for longer than a hop's first byte may take; the deadline bounds it.
        async with self._hop.stream(
            "POST", _COMPLETIONS, json=body_of(request), first_byte_s=math.inf
        ) as response:
            if response.status >= _BAD_REQUEST:
                told = error_of("llm-gateway", response.status, response.headers, await response.read())
                raise _refusal(told)
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


def _refusal(error: ServiceError) -> ServiceError:
    """Return the caller's view of a refusal: their own mistakes as they are, everything else as 503."""
    if error.status < _SERVER_ERROR and error.status not in _OWN_FAULTS:
        return error
    headers = {"retry-after": "1"} | {name.lower(): value for name, value in error.headers.items()}
    return ServiceError(503, "model_unavailable", error.message, headers=headers)
