"""What an operator says with every order: why, and who."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from wattos_platform.contracts.breakers import MAX_ACTOR_CHARS, MAX_REASON_CHARS

_MAX_NAMESPACE_CHARS = 300


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON_CHARS),
    AfterValidator(_printable),
]
Actor = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_ACTOR_CHARS),
    AfterValidator(_printable),
]
Namespace = Annotated[
    str, StringConstraints(min_length=1, max_length=_MAX_NAMESPACE_CHARS), AfterValidator(_printable)
]
