"""What a wire format must be able to do. One file or folder per provider; nothing in here does I/O."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.embedding_request import EmbeddingRequest
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"


class UpstreamCall(msgspec.Struct, frozen=True):
    """One HTTP request to a provider: `path` below its base URL, with query; `body` is encoded JSON."""

    path: str
    body: bytes = b""
    method: str = "POST"
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)


class StreamReader(Protocol):
    """Turns the events of ONE streamed answer into chunks; made anew for each stream."""

    ended: bool
    """True once the provider has said that its answer is over (`[DONE]`, `message_stop`, `done: true`)."""

    def read(self, data: bytes, event: str, /) -> Sequence[Chunk]:
        """Return the chunks that one event means, often one, maybe none.

        `data` is its data, or one line of NDJSON; `event` its type, "" for none. ProviderFailure for an
        event that is an error or makes no sense.
        """


class WireFormat(Protocol):
    """Speaks one provider's API. Every method that reads an answer raises ProviderFailure for nonsense."""

    stream_type: str
    """The content type of a streamed answer: SSE or NDJSON."""

    def headers(self, key: str, /) -> Mapping[str, str]:
        """Return the headers that every call bears: credentials, API version."""

    def chat(self, model: str, request: ChatRequest, /, *, stream: bool) -> UpstreamCall:
        """Return the call for a chat request; ProviderFailure `unsupported` names what cannot be said."""

    def answer(self, raw: bytes, model: str, /) -> ChatAnswer:
        """Return a whole answer to `chat` in OpenAI's shape."""

    def stream(self, model: str, /) -> StreamReader:
        """Return a reader for one streamed answer."""

    def embeddings(self, model: str, request: EmbeddingRequest, /) -> UpstreamCall:
        """Return the call for embeddings; ProviderFailure `unsupported` where the provider has none."""

    def embeddings_answer(self, raw: bytes, model: str, request: EmbeddingRequest, /) -> dict[str, Any]:
        """Return the answer to `embeddings` in OpenAI's shape."""

    def list_models(self) -> UpstreamCall | None:
        """Return the call that lists models for free; None where the provider has no such call."""

    def models(self, raw: bytes, /) -> Sequence[str]:
        """Return the ids in the answer to `list_models`."""

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, now: float, /) -> ProviderFailure:
        """Return what an answer with an error status means; `now` is wall time, for a Retry-After date."""
