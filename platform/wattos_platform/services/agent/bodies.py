"""What callers send to agent; unknown fields are refused by name."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from wattos_platform.kernel.requests import VISIBLE

MAX_INPUT_CHARS = 50_000


class NewRun(BaseModel):
    """POST /api/v1/agents/{role}/runs."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    input: Annotated[str, Field(max_length=MAX_INPUT_CHARS), VISIBLE]
    knowledge_space_id: Annotated[str, Field(max_length=255), VISIBLE] | None = None
    tools: Annotated[list[str], Field(max_length=20)] | None = None


class KpiQuery(BaseModel):
    """Runs created from `start` to before `end`, both RFC 3339 with an offset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
