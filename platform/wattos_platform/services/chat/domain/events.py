"""What happens while an answer comes in, in order: Started, then Delta*, then Finished."""

from dataclasses import dataclass

from wattos_platform.services.chat.domain.records import Outcome


@dataclass(frozen=True, slots=True)
class Started:
    """The model has begun to answer."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer ended and is stored as `outcome`."""

    outcome: Outcome


AnswerEvent = Started | Delta | Finished
