"""What callers send to chat; unknown fields are refused by name."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_CONTENT_CHARS = 100_000
MAX_TITLE_CHARS = 200


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    if "\0" in text:
        raise ValueError("must not hold NUL characters")
    return text


Title = Annotated[str, Field(max_length=MAX_TITLE_CHARS), AfterValidator(_visible)]
SpaceId = Annotated[str, Field(max_length=255), AfterValidator(_visible)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewConversation(_Body):
    """POST /api/v1/conversations."""

    title: Title | None = None
    knowledge_space_id: SpaceId | None = None


class ConversationChanges(_Body):
    """PATCH /api/v1/conversations/{id}; null takes the knowledge space away."""

    title: Title | None = None
    knowledge_space_id: SpaceId | None = None


class NewMessage(_Body):
    """POST /api/v1/conversations/{id}/messages."""

    content: Annotated[str, Field(max_length=MAX_CONTENT_CHARS), AfterValidator(_visible)]
    stream: bool | None = None
    model: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class NewFeedback(_Body):
    """POST /api/v1/messages/{id}/feedback."""

    rating: Literal["positive", "negative"]
    comment: Annotated[str, Field(max_length=5000), AfterValidator(_visible)] | None = None
