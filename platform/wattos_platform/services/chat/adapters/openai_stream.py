"""Reading the model gateway's stream: OpenAI chunks with the platform's own additions."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, NoReturn

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.retry_after import retry_after
from wattos_platform.kernel.sse import SseTooLargeError, parse_sse
from wattos_platform.services.chat.ports import ModelChunk

_DONE = "[DONE]"


async def read_chunks(body: AsyncIterator[bytes]) -> AsyncGenerator[ModelChunk]:
    """Yield the chunks of a streamed chat completion.

    ServiceError 502 `upstream_truncated` unless it ends with a finish reason and `[DONE]`: half an answer
    must never look like a whole one. An error inside the stream is raised as it was named.
    """
    finished = False
    try:
        async for event in parse_sse(body):
            if event.data == _DONE:
                if not finished:
                    break
                return
            chunk = _chunk(event.data)
            finished = finished or chunk.finish_reason is not None
            yield chunk
    except SseTooLargeError:
        raise _malformed() from None
    raise ServiceError(
        502,
        "upstream_truncated",
        "The model stopped in the middle of its answer. Ask again.",
        headers=retry_after(1),
    )


def chunk_of(data: Mapping[str, Any]) -> ModelChunk:
    """Return one chunk; ServiceError when it bears an error, KeyError and the like when it is none."""
    error = data.get("error")
    if error:
        raise_error(error)
    choices = data.get("choices") or [{}]
    choice = choices[0]
    return ModelChunk(
        text=(choice.get("delta") or {}).get("content") or "",
        model=data.get("model"),
        used_ids=tuple(str(used["id"]) for used in data.get("wattos_citations") or ()),
        usage=data.get("usage") or {},
        finish_reason=choice.get("finish_reason"),
        degraded=tuple(data.get("degraded") or data.get("wattos_degraded") or ()),
    )


def raise_error(error: Any) -> NoReturn:
    """Raise the ServiceError that an OpenAI-shaped error stands for."""
    if not isinstance(error, Mapping):
        error = {"message": str(error)}
    code = str(error.get("code") or "model_failed")
    status = 502 if code == "upstream_truncated" else 503
    raise ServiceError(status, code, str(error.get("message") or "The model could not answer."))


def _chunk(data: str) -> ModelChunk:
    try:
        return chunk_of(json.loads(data))
    except (ValueError, AttributeError, KeyError, IndexError, TypeError):
        raise _malformed() from None


def _malformed() -> ServiceError:
    return ServiceError(502, "upstream_malformed", "The model gateway sent something that is no answer.")
