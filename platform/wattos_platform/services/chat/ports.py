"""What chat needs of the world: a place for conversations, a search, a model."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wattos_platform.kernel.idempotency import RequestKey
from wattos_platform.services.chat.domain.records import (
    Conversation,
    Feedback,
    Message,
    Outcome,
    Owner,
    Source,
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question that was stored and the answer that was opened for it.

    `repeated` says that an earlier request with the same key had opened it; then somebody else answers, or
    the answer ended long ago.
    """

    question: Message
    answer: Message
    repeated: bool = False


class ConversationGoneError(Exception):
    """The conversation was deleted meanwhile."""


class ConversationStore(Protocol):
    """Conversations of owners; what is another's does not exist."""

    async def create(
        self, conversation: Conversation, *, titled: bool, key: RequestKey | None
    ) -> Conversation:
        """Store and return `conversation`, or return the one that `key` made before; KeyReusedError."""

    async def get(self, owner: Owner, conversation_id: str) -> Conversation | None:
        """Return a conversation, None if the owner has no such."""

    async def page(self, owner: Owner, after: tuple[float, str] | None, limit: int) -> list[Conversation]:
        """Return up to `limit` conversations, the last used first, behind `after` (updated_at, id)."""

    async def change(
        self, owner: Owner, conversation_id: str, changes: Mapping[str, Any]
    ) -> Conversation | None:
        """Set `title` and/or `knowledge_space_id`; None if the owner has no such conversation."""

    async def delete(self, owner: Owner, conversation_id: str) -> bool:
        """Delete a conversation with all it holds; False if the owner has no such."""


class MessageStore(Protocol):
    """Messages of conversations; callers have checked that the conversation is the owner's."""

    async def page(self, conversation_id: str, after: int, limit: int) -> list[Message]:
        """Return up to `limit` messages with positions above `after`, in order."""

    async def history(self, conversation_id: str, before: int, limit: int) -> list[Message]:
        """Return what was said in the last `limit` complete messages below `before`, oldest first."""

    async def get(self, owner: Owner, message_id: str) -> Message | None:
        """Return one message of any of the owner's conversations."""

    async def open_exchange(
        self, conversation: Conversation, content: str, key: RequestKey | None
    ) -> Exchange:
        """Store the question and open its answer in one transaction; KeyReusedError, ConversationGoneError.

        With a key that was seen, returns what it opened; if that answer was aborted or failed, a new answer
        is opened for the question that is already there.
        """

    async def checkpoint(self, texts: Mapping[str, str]) -> None:
        """Store how far answers are (message id -> text) and renew this process' lease on them."""

    async def finish(self, message_id: str, outcome: Outcome) -> None:
        """Store how an answer ended; nothing happens if it is gone or ended otherwise."""

    async def abort_orphans(self) -> int:
        """Mark the half answers of processes that ended as aborted, and return how many there were."""

    async def forget_keys(self, older_than: float) -> int:
        """Drop request keys made before `older_than` and return how many there were."""

    async def rate(self, message_id: str, feedback: Feedback) -> None:
        """Store what the reader thought of an answer, in place of what was said before."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a search found; `degraded` names what the search had to do without."""

    passages: tuple[Source, ...] = ()
    degraded: tuple[str, ...] = ()


class Retrieval(Protocol):
    """A search over a knowledge space."""

    async def search(self, space_id: str, query: str) -> Retrieved:
        """Return the best passages. SpaceMissingError when the owner has no such space."""

    async def exists(self, space_id: str) -> bool:
        """Return whether the caller has such a space; True while that cannot be found out."""


class SpaceMissingError(Exception):
    """The knowledge space does not exist, or not for this caller."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What to ask the model; a value of None leaves the choice to the model gateway."""

    messages: Sequence[Mapping[str, str]]
    model: str = "default"
    context: Sequence[Source] | None = None
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ModelChunk:
    """A piece of the model's answer; what it does not bear is None or empty."""

    text: str = ""
    model: str | None = None
    used_ids: tuple[str, ...] = ()
    usage: Mapping[str, Any] = field(default_factory=dict)
    finish_reason: str | None = None
    degraded: tuple[str, ...] = ()


class Model(Protocol):
    """A language model behind the model gateway."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelChunk]:
        """Yield the answer as it comes. The first chunk means that the model has begun.

        ServiceError when the model cannot answer (503) or refuses the request (4xx), and when the answer ends
        before its finish reason (502, `upstream_truncated`). Leaving the iterator cancels the work upstream.
        """
