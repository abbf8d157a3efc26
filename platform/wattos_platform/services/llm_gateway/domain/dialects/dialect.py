"""What a caller's dialect must be able to do. One file or folder per dialect; nothing in here does I/O."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.wire import Usage

NO_MEMBERS: Mapping[str, Any] = MappingProxyType({})


class Outlet(Protocol):
    """Writes ONE streamed answer; made anew for each stream."""

    def chunk(self, chunk: Chunk, /) -> bytes:
        """Return the server-sent events that `chunk` means to the caller, b"" for none."""

    def end(self, usage: Usage, members: Mapping[str, Any] = NO_MEMBERS, /) -> bytes:
        """Return everything that closes a stream whose `finish_reason` has come.

        `members` are the platform's own, for the event that tells the usage.
        """

    def failure(self, message: str, /) -> bytes:
        """Return an error event, code `upstream_truncated`: content had begun, the end will not come."""


class Dialect(Protocol):
    """Reads requests of one API and writes its answers."""

    name: str
    """chat, responses, messages or completions: the `operation` of usage rows."""

    def parse(self, body: Any, raw: bytes = b"", /) -> ChatRequest:
        """Return a body as a chat request; Refusal that names the field as the caller does.

        `body` is decoded, `raw` the JSON itself.
        """

    def named(self, param: str, /) -> str:
        """Return what the caller calls `param`, a field of the chat request."""

    def answer(self, answer: ChatAnswer, request: ChatRequest, /) -> bytes:
        """Return a whole answer as JSON."""

    def outlet(self, request: ChatRequest, /) -> Outlet:
        """Return what writes one streamed answer to `request`."""
