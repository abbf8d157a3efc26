"""OpenAI's answers, made of what another provider said."""

import base64
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk, answer_of, chunk_of
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.wire import Usage

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Stamps:
    """Where ids and times come from when a provider gives none; `clock` is wall time in seconds."""

    new_id: Callable[[], str]
    clock: Callable[[], float]

    def head(self, model: str, answer_id: str = "", created: int | None = None) -> "Head":
        """Return what stands at the top of an answer of `model`."""
        return Head(
            answer_id or f"chatcmpl-{self.new_id()}", int(self.clock()) if created is None else created, model
        )


@dataclass(frozen=True, slots=True)
class Head:
    """What every chunk of an answer repeats."""

    id: str
    created: int
    model: str

    def chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None, **extra: Any) -> Chunk:
        """Return one chunk; `extra` are further members of its choice."""
        body = wire.chunk(self.id, self.created, self.model, delta, finish_reason)
        body["choices"][0].update(extra)
        return chunk_of(body)

    def usage(self, usage: Usage) -> Chunk:
        """Return the chunk that only bears the usage."""
        chunk = chunk_of(wire.usage_chunk(self.id, self.created, self.model, usage))
        chunk.usage = usage
        return chunk

    def answer(self, choices: Sequence[Mapping[str, Any]], usage: Usage | None) -> ChatAnswer:
        """Return a whole answer."""
        body: dict[str, Any] = {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": list(choices),
        }
        if usage is not None:
            body["usage"] = usage.body()
        answer = answer_of(body)
        answer.usage = usage
        return answer


def choice(message: Mapping[str, Any], finish_reason: str, index: int = 0, **extra: Any) -> dict[str, Any]:
    """Return one choice of an answer."""
    return {
        "index": index,
        "message": message,
        "logprobs": None,
        "finish_reason": finish_reason,
        **extra,
    }


def message(
    text: str | None,
    *,
    tool_calls: Sequence[Mapping[str, Any]] = (),
    reasoning: str = "",
    refusal: str | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """Return an assistant's message; without text its content is null where it calls tools, else empty."""
    made: dict[str, Any] = {
        "role": "assistant",
        "content": text or (None if tool_calls else ""),
        "refusal": refusal,
    }
    if tool_calls:
        made["tool_calls"] = list(tool_calls)
    if reasoning:
        made["reasoning_content"] = reasoning
    return {**made, **extra}


def tool_call(
    call_id: str, name: str, arguments: Any, *, index: int | None = None, extra_content: Any = None
) -> dict[str, Any]:
    """Return a tool call; `arguments` is an object, or JSON text. `index` is for chunks."""
    text = arguments if isinstance(arguments, str) else _encode(arguments).decode()
    made: dict[str, Any] = {} if index is None else {"index": index}
    made |= {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}
    if extra_content is not None:
        made["extra_content"] = extra_content
    return made


def embeddings(
    vectors: Sequence[Sequence[float]], model: str, request: EmbeddingRequest, prompt_tokens: int
) -> dict[str, Any]:
    """Return an embeddings answer, encoded as asked; 0 tokens stand for a provider that counted none."""
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": number, "embedding": _encoded(vector, request.encoding)}
            for number, vector in enumerate(vectors)
        ],
        "model": model,
        "usage": {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens},
    }


def _encoded(vector: Sequence[float], encoding: str) -> Sequence[float] | str:
    return base64.b64encode(array("f", vector).tobytes()).decode() if encoding == "base64" else vector
