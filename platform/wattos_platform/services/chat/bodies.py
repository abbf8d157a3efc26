"""What callers send to chat; unknown fields are refused by name."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from wattos_platform.kernel.requests import VISIBLE

MAX_CONTENT_CHARS = 100_000
MAX_TITLE_CHARS = 200


Title = Annotated[str, Field(max_length=MAX_TITLE_CHARS), VISIBLE]
SpaceId = Annotated[str, Field(max_length=255), VISIBLE]


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

    content: Annotated[str, Field(max_length=MAX_CONTENT_CHARS), VISIBLE]
    stream: bool | None = None
    model: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class NewFeedback(_Body):
    """POST /api/v1/messages/{id}/feedback."""

    rating: Literal["positive", "negative"]
    comment: Annotated[str, Field(max_length=5000), VISIBLE] | None = None
