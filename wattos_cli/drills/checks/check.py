"""What every assertion has, and what it is judged by."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from wattos_cli.config.forms import Form, Seconds
from wattos_cli.drills.observing.record import Record
from wattos_cli.drills.observing.view import View

When = Literal["steady", "fault", "recovery", "whole"]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether an assertion holds at a moment; `detail` is what was found."""

    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class CheckContext:
    """A moment of a drill: how the platform is, and what was recorded until now."""

    view: View
    record: Record


class CheckForm(Form, ABC):
    """An `[[assertions]]` table: when it must hold, and the keys of its kind.

    With `within` it must begin to hold so soon after its phase began, and with `for` go on for so long; with
    `always` it holds whenever its phase is looked at. Without any of them it is judged when its phase ends.
    `lasting` kinds can be judged at any moment, the others look back on a phase.
    """

    lasting: ClassVar[bool] = True

    name: str = Field(default="", max_length=200)
    when: When
    within: Seconds | None = None
    for_: Seconds | None = Field(default=None, alias="for")
    always: bool = False

    @model_validator(mode="after")
    def _times_fit(self) -> "CheckForm":
        if (self.within is not None or self.always) and not self.lasting:
            key = "always" if self.within is None else "within"
            raise ValueError(f"{key}: this is judged when its phase ends; leave it out")
        if self.always and (self.within is not None or self.for_ is not None):
            raise ValueError("always: it holds all the time; leave out within and for")
        if self.for_ is not None and self.within is None:
            raise ValueError("for: name the time by which it must begin, too: within = ...")
        return self

    @property
    def title(self) -> str:
        """Return how it is called in reports."""
        return self.name or self.expectation()

    @abstractmethod
    def expectation(self) -> str:
        """Return what must hold, in a few words."""

    @abstractmethod
    def judge(self, context: CheckContext) -> Judged:
        """Return whether it holds."""


def listed(value: Any) -> Any:
    """Return the list that a file's value means where one text may stand for a list of one."""
    return [value] if isinstance(value, str) else value
