"""OpenAI's own format, and that of every upstream compatible with it: nearly everything passes as it is.

The hot path: only what accounting must know is decoded, and what nobody changes keeps its bytes.
Source: the OpenAI API reference (chat, embeddings, models).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk, without
from wattos_platform.services.llm_gateway.domain.chat_request import CONTEXT_FIELD, ChatRequest
from wattos_platform.services.llm_gateway.domain.context_prompt import with_passages
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure, from_status, nonsense
from wattos_platform.services.llm_gateway.domain.formats.decoding import decoded, error_body, one_line
from wattos_platform.services.llm_gateway.domain.formats.wire_format import SSE, UpstreamCall
from wattos_platform.services.llm_gateway.domain.pricing import COST_MEMBER

_DONE = b"[DONE]"
_CONTEXT = f'"{CONTEXT_FIELD}"'.encode()
_COST = f'"{COST_MEMBER}"'.encode()
_STATUSES = range(400, 600)
_encode = msgspec.json.Encoder().encode


class _Message(msgspec.Struct):
    content: Any = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    delta: dict[str, Any] | None = None
    finish_reason: Any = None


class _Answer(msgspec.Struct):
    """What is read of an answer and of a chunk; all else is passed over without being decoded."""

    choices: list[_Choice] | None = None
    usage: Any = msgspec.UNSET
    error: Any = None


_answers = msgspec.json.Decoder(_Answer)
_objects = msgspec.json.Decoder(dict[str, Any])


class OpenAiFormat:
    """Implements WireFormat; `provider` is the configured name, for messages."""

    stream_type = SSE

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def headers(self, key: str) -> Mapping[str, str]:
        """Return the bearer token; nothing for an upstream that asks for none."""
        return {"Authorization": f"Bearer {key}"} if key else {}

    def chat(self, model: str, request: ChatRequest, *, stream: bool) -> UpstreamCall:
        """Return the caller's request under the provider's name of the model, unknown fields included.

        A stream always asks for its usage, so that it can be counted.
        """
        return UpstreamCall("/chat/completions", chat_body(model, request, stream=stream))

    def answer(self, raw: bytes, model: str) -> ChatAnswer:  # noqa: ARG002 - the upstream names its model
        """Return the answer as it came; ProviderFailure for an error with status 200 or no choices."""
        found = decoded(_answers, raw, self._provider, "an answer")
        if found.error:
            raise self._told(found.error, "an error with status 200")
        if not found.choices:
            raise nonsense(self._provider, "an answer without choices")
        content = found.choices[0].message.content if found.choices[0].message else None
        return ChatAnswer(
            _uncosted(raw), wire.counted(found.usage), content if isinstance(content, str) else ""
        )

    def stream(self, model: str) -> "OpenAiStream":  # noqa: ARG002 - the upstream names its model
        """Return a reader of its chunks, which ends at `[DONE]`."""
        return OpenAiStream(self._provider, self._told)

    def embeddings(self, model: str, request: EmbeddingRequest) -> UpstreamCall:
        """Return the caller's request under the provider's name of the model."""
        return UpstreamCall("/embeddings", _encode({**request.body, "model": model}))

    def embeddings_answer(self, raw: bytes, model: str, request: EmbeddingRequest) -> dict[str, Any]:  # noqa: ARG002 - the upstream names its model
        """Return the answer as it came, decoded."""
        body = decoded(_objects, raw, self._provider, "embeddings")
        if body.get("error"):
            raise self._told(body["error"], "an error with status 200")
        if not isinstance(body.get("data"), list):
            raise nonsense(self._provider, "embeddings without data")
        return body

    def list_models(self) -> UpstreamCall | None:
        """Return GET /models."""
        return UpstreamCall("/models", method="GET")

    def models(self, raw: bytes) -> Sequence[str]:
        """Return the ids in its list; an upstream that lists something else lists nothing."""
        entries = decoded(_objects, raw, self._provider, "a list of models").get("data")
        entries = entries if isinstance(entries, list) else []
        return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and entry.get("id")]

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, now: float) -> ProviderFailure:
        """Return what the status means, in the provider's words where the caller is at fault."""
        return from_status(self._provider, status, headers, error_body(body), now)

    def _told(self, error: Any, what: str) -> ProviderFailure:
        """Return the failure of an error without an error status; some upstreams give the status as code."""
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, int) and code in _STATUSES:
            return self.failure(code, {}, _encode({"error": {**error, "code": None}}), 0.0)
        return nonsense(self._provider, what)


class OpenAiStream:
    """Implements StreamReader; `told` makes the failure of an error inside the stream."""

    def __init__(self, provider: str, told: Callable[[Any, str], ProviderFailure]) -> None:
        self._provider = provider
        self._told = told
        self.ended = False

    def read(self, data: bytes, event: str) -> Sequence[Chunk]:
        """Return the chunk as it came."""
        if self.ended or not data:
            return ()
        if data.strip() == _DONE:
            self.ended = True
            return ()
        found = decoded(_answers, data, self._provider, "a chunk")
        if found.error or event == "error":
            raise self._told(found.error, "an error inside its stream")
        choices = found.choices
        usage = found.usage
        line = _uncosted(one_line(data))
        chunk = Chunk(line, has_choices=bool(choices), tells_usage=usage is not msgspec.UNSET)
        if usage:
            chunk.usage = wire.counted(usage)
        if choices:
            _note_text(chunk, choices[0].delta)
            for choice in choices:
                _note(chunk, choice)
        return (chunk,)


def chat_body(model: str, request: ChatRequest, *, stream: bool, ask_usage: bool = True) -> bytes:
    """Return the body of a chat request as JSON; the caller's own bytes where nothing in them changes.

    `ask_usage` False is for an upstream that refuses to be asked; its streams are counted by the estimator.
    """
    if not stream and _may_pass(model, request):
        return request.raw
    body = {**request.body, "model": model}
    if request.passages:
        body["messages"] = with_passages(request.messages, request.passages)
    if stream:
        body["stream"] = True
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        if not ask_usage:
            del body["stream_options"]
    elif body.get("stream"):
        del body["stream"]
        body.pop("stream_options", None)
    return _encode(body)


def _uncosted(raw: bytes) -> bytes:
    """Return what the upstream said without its word on the cost: another wattos has prices of its own."""
    return without(raw, COST_MEMBER) if _COST in raw else raw


def _may_pass(model: str, request: ChatRequest) -> bool:
    """Return whether the caller's bytes say exactly what the provider shall read.

    A second "model" (under an escaped name, too) could be read differently there than here, and so be
    another model than the one that is allowed and counted.
    """
    raw = request.raw
    return (
        bool(raw)
        and request.body.get("model") == model
        and not request.stream
        and not request.passages
        and _CONTEXT not in raw
        and raw.count(b'"model"') == 1
        and b"\\u00" not in raw
    )


def _note_text(chunk: Chunk, delta: Mapping[str, Any] | None) -> None:
    """Add to `chunk` the text of its first choice."""
    text = delta.get("content") if delta else None
    if text and isinstance(text, str):
        chunk.text = text
        chunk.content = True


def _note(chunk: Chunk, choice: _Choice) -> None:
    """Add to `chunk` whether one of its choices has something to read, and its end."""
    if choice.finish_reason:
        chunk.finish_reason = chunk.finish_reason or str(choice.finish_reason)
        chunk.content = True
    elif not chunk.content and choice.delta:
        chunk.content = any(value for name, value in choice.delta.items() if name != "role")
