"""Lua programs that Redis runs as one step."""

import hashlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Script:
    """A program by its text; Redis knows those it has run by their `sha`."""

    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        # Redis's name for a script; it guards nothing.
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())


def is_missing(answer: Any) -> bool:
    """Say whether Redis answered that it does not know the script: restarted, or its scripts were flushed."""
    from redis.exceptions import NoScriptError

    return isinstance(answer, NoScriptError)
