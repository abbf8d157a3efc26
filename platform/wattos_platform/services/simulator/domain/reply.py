"""What a dialect hands over for delivery: one answer, as a whole and as events."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from wattos_platform.services.simulator.domain.answer import Answer, Tokens
from wattos_platform.services.simulator.domain.behaviour import Behaviour
from wattos_platform.services.simulator.domain.requests import (
    GenerationRequest,
    Incoming,
    Refusal,
    VectorsRequest,
)

Framing = Literal["sse", "ndjson"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream: `data` is JSON, or text that is sent as it is.

    `tokens` of the answer are in it. `content` marks what exists only because something was generated.
    """

    data: Mapping[str, Any] | str
    name: str = ""
    tokens: int = 0
    content: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """What is new with every answer: an id without dashes, and the time in seconds since the epoch."""

    id: str
    created: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is ready to be sent, whole or as a stream, by a provider that is well or not.

    `content` is the member that holds what was generated. `blocked` is the body, with status 200, that says
    that the prompt was not answered; None for a provider that refuses it with an error.
    """

    model: str
    tokens: Tokens
    whole: Callable[[], Mapping[str, Any]]
    content: str
    stream: bool = False
    framing: Framing = "sse"
    events: Callable[[], Iterator[Event]] = lambda: iter(())
    error_event: Callable[[Mapping[str, Any], Refusal], Event] = lambda body, _refusal: Event(body)
    blocked: Callable[[], Mapping[str, Any]] | None = None


Operation = Callable[[Incoming, Behaviour, Head], Reply]


class Provider(Protocol):
    """What all operations of one provider share: its credentials and its errors."""

    name: str
    missing_key: Refusal
    """What a request without a credential gets."""
    blocked: Refusal
    """What a prompt gets that its filter does not let pass."""

    def has_key(self, call: Incoming, /) -> bool:
        """Return whether the request bears any credential, right or wrong."""

    def error(self, refusal: Refusal, head: Head, /) -> Mapping[str, Any]:
        """Return the body of an error."""


class Generation(Protocol):
    """One way to ask a provider for text."""

    framing: Framing
    content: str

    def asked(self, call: Incoming, /) -> GenerationRequest:
        """Return what the request asks for; Refusal 400 for what is no such request."""

    def whole(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any]:
        """Return the whole answer."""

    def events(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Iterator[Event]:
        """Yield the events of the streamed answer."""

    def error_event(self, body: Mapping[str, Any], refusal: Refusal, /) -> Event:
        """Return an error inside a stream; `body` is the provider's error."""

    def blocked(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any] | None:
        """Return the body that says that a prompt was not answered, None where that is an error."""


class Embedding(Protocol):
    """One way to ask a provider for embeddings."""

    content: str

    def asked(self, call: Incoming, /) -> VectorsRequest:
        """Return what the request asks for; Refusal 400 for what is no such request."""

    def whole(
        self, asked: VectorsRequest, vectors: list[list[float]], tokens: Tokens | None, /
    ) -> Mapping[str, Any]:
        """Return the whole answer; `tokens` is None for a provider that keeps its counts to itself."""
