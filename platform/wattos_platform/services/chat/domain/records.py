"""The records of chat. Instants are seconds since the epoch; ids are UUIDv7 text."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """Who speaks in a message."""

    USER = "user"
    ASSISTANT = "assistant"


class MessageStatus(StrEnum):
    """How far a message is; a user's message is complete from the start.

    `ABORTED` keeps the text that had arrived when the caller left or the process ended; `FAILED` means that
    the model could not answer, and the message's error says why.
    """

    ANSWERING = "answering"
    COMPLETE = "complete"
    ABORTED = "aborted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Owner:
    """The person a conversation belongs to; nobody else ever sees that it exists."""

    tenant: str
    user: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread of messages; with a knowledge space, its answers are grounded in that space's documents."""

    id: str
    owner: Owner
    title: str
    knowledge_space_id: str | None
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that an answer used; `start` and `end` are character offsets in the document's text."""

    id: str
    document_id: str
    document: str
    start: int
    end: int
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an answer ended; `usage` holds the provider's token counts, `error` a code and a message."""

    status: MessageStatus
    content: str
    model: str | None = None
    citations: tuple[Source, ...] = ()
    degraded: tuple[str, ...] = ()
    usage: dict[str, Any] = field(default_factory=dict)
    finish_reason: str | None = None
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the reader thought of an answer."""

    rating: str
    comment: str | None
    created_at: float


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `position` counts from 1 within its conversation."""

    id: str
    conversation_id: str
    position: int
    role: Role
    created_at: float
    outcome: Outcome
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks and how; None leaves a choice to the model gateway. `temperature` 0 is a choice."""

    content: str
    model: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
