"""The one error shape of every service, and the OpenAI shape used under /v1."""

from typing import Any

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    """What every service answers when a request fails; never a stack trace, a key or an internal text."""

    statusCode: int  # noqa: N815 - the wire name of the original system
    code: str
    message: str
    timestamp: str
    path: str
    method: str
    requestId: str  # noqa: N815 - same
    traceId: str  # noqa: N815 - same
    details: list[dict[str, Any]] | None = Field(default=None)


class OpenAIError(BaseModel):
    """The `error` member of an OpenAI-shaped error."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIErrorBody(BaseModel):
    """What /v1/* answers when a request fails, so that the official SDKs raise their own classes."""

    error: OpenAIError
