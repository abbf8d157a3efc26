"""The one error shape of every service, and the shapes of the model APIs under /v1."""

from typing import Any, Literal

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


class AnthropicErrorDetails(BaseModel):
    """Our stable code, and the offending field where there is one."""

    error_code: str
    param: str | None = None


class AnthropicError(BaseModel):
    """The `error` member of an Anthropic-shaped error."""

    type: str
    message: str
    details: AnthropicErrorDetails


class AnthropicErrorBody(BaseModel):
    """What /v1/messages answers when a request fails, so that the official SDKs raise their own classes."""

    type: Literal["error"]
    error: AnthropicError
    request_id: str
