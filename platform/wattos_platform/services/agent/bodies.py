"""What callers send to agent; unknown fields are refused by name."""

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

MAX_INPUT_CHARS = 50_000


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    if "\0" in text:
        raise ValueError("must not hold NUL characters")
    return text


class NewRun(BaseModel):
    """POST /api/v1/agents/{role}/runs."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    input: Annotated[str, Field(max_length=MAX_INPUT_CHARS), AfterValidator(_visible)]
    knowledge_space_id: Annotated[str, Field(max_length=255), AfterValidator(_visible)] | None = None
    tools: Annotated[list[str], Field(max_length=20)] | None = None


class KpiQuery(BaseModel):
    """Runs created from `start` to before `end`, both RFC 3339 with an offset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
