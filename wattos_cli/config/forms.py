"""What files of several kinds have in common when pydantic reads them; imported by those readers alone."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from wattos_cli.durations import duration_s


def positive_seconds(value: Any) -> float:
    """Return a duration like `30s` in seconds; ValueError for what is none, or not more than 0."""
    result = duration_s(str(value).strip())
    if result <= 0:
        raise ValueError(f"expected more than 0, got {value!r}")
    return result


Seconds = Annotated[
    float,
    BeforeValidator(positive_seconds),
    WithJsonSchema({"type": "string", "examples": ["500ms", "1s", "30d"]}),
]
"""A duration in a file, as seconds."""


class Form(BaseModel):
    """A table of a file; a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def reason_of(error: Any) -> str:
    """Return what is wrong, of one of pydantic's findings, to stand behind the name of the key."""
    reason = str(error["msg"]).removeprefix("Value error, ")
    return f"{reason[:1].lower()}{reason[1:]}"
