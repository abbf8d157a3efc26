"""The faults that the simulator can be switched to: what each is, whom it concerns, what can be set.

What each sends is in the simulator's delivery/; docs/services/simulator.md shows both as a table.
"""

from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

LONGEST_TTL_S = 86_400.0
LONGEST_WAIT_S = 3600
NAME = r"^[a-z0-9][a-z0-9_-]{0,39}$"


class Anywhere(BaseModel):
    """A fault that lasts for `ttl_s` and concerns one provider, or all."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    ttl_s: float = Field(default=60.0, gt=0, le=LONGEST_TTL_S, description="It ends by itself after so long.")
    provider: str | None = Field(default=None, pattern=NAME, description="Only requests to this provider.")

    def concerns(self, provider: str, _path: str, _model: str) -> bool:
        """Return whether such a request may be struck."""
        return self.provider in (None, provider)


class Targeted(Anywhere):
    """A fault that strikes single requests."""

    path: str | None = Field(
        default=None, max_length=500, description="Only requests of this path; * for any part."
    )
    model: str | None = Field(default=None, max_length=200, description="Only requests for this model.")
    probability: float = Field(default=1.0, gt=0, le=1, description="Share of the requests that are struck.")
    seed: int | None = Field(default=None, ge=0, description="Makes the dice of the probability repeatable.")
    times: int | None = Field(default=None, ge=1, le=1_000_000, description="It ends after so many strikes.")

    def concerns(self, provider: str, path: str, model: str) -> bool:
        """Return whether such a request may be struck."""
        return (
            super().concerns(provider, path, model)
            and (self.path is None or fnmatchcase(path, self.path))
            and self.model in (None, model)
        )


class Midway(Targeted):
    """A fault in the middle of an answer: of a stream after so many tokens, of a whole answer halfway."""

    after_tokens: int = Field(default=3, ge=0, le=100_000, description="Tokens that are streamed before.")


class Status(Targeted):
    """An error of the provider."""

    kind: Literal["status"]
    status: int = Field(default=500, ge=400, le=599)
    code: str = Field(
        default="", max_length=100, description="The provider's word for it, instead of its usual one."
    )


class RateLimit(Targeted):
    """429 with Retry-After."""

    kind: Literal["rate_limit"]
    retry_after_s: int = Field(default=1, ge=0, le=LONGEST_WAIT_S)
    retry_after: Literal["seconds", "date", "none"] = Field(
        default="seconds", description="The form of the header: seconds, an HTTP date, or no header."
    )
    code: str = Field(
        default="", max_length=100, description="The provider's word for it, instead of its usual one."
    )


class Refuse(Anywhere):
    """Connections are refused at the provider's own ports, reset at the simulator's."""

    kind: Literal["refuse"]


class Reset(Targeted):
    """The TCP connection is reset."""

    kind: Literal["reset"]
    after_tokens: int | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description="Without it, before the headers; else in the middle of the answer.",
    )


class Hang(Targeted):
    """Nothing is sent until the caller leaves."""

    kind: Literal["hang"]


class SlowFirstByte(Targeted):
    """The answer is right but late."""

    kind: Literal["slow_first_byte"]
    delay_s: float = Field(default=5.0, gt=0, le=LONGEST_WAIT_S)
    headers: Literal["late", "at_once"] = Field(default="late", description="Whether the headers wait too.")


class SlowStream(Targeted):
    """The answer is right but trickles."""

    kind: Literal["slow_stream"]
    tokens_per_s: float = Field(default=1.0, gt=0, le=1_000_000)


class Stall(Midway):
    """Silence in the middle, until the caller leaves."""

    kind: Literal["stall"]


class Truncate(Midway):
    """A clean end in the middle."""

    kind: Literal["truncate"]


class Disconnect(Midway):
    """The connection is closed in the middle, without the end that HTTP demands."""

    kind: Literal["disconnect"]


class BrokenJson(Midway):
    """JSON that cannot be read; a stream goes on after it."""

    kind: Literal["broken_json"]


class Garbage(Midway):
    """Bytes that are neither events nor JSON; a stream goes on after them."""

    kind: Literal["garbage"]


class ErrorEvent(Midway):
    """An error inside the stream, which then ends."""

    kind: Literal["error_event"]
    status: int = Field(default=500, ge=400, le=599, description="Which of the provider's errors it is.")


class Oversized(Midway):
    """An event, or an answer, that is far too large; its content is right."""

    kind: Literal["oversized"]
    size_bytes: int = Field(default=5_000_000, ge=1, le=64_000_000)


class ErrorBody(Targeted):
    """The provider's error with status 200."""

    kind: Literal["error_body"]
    status: int = Field(default=500, ge=400, le=599, description="Which of the provider's errors it is.")


class Blocked(Targeted):
    """The provider's filter does not let the prompt pass."""

    kind: Literal["blocked"]


class ContentType(Targeted):
    """The right answer under a wrong content type."""

    kind: Literal["content_type"]
    content_type: str = Field(default="text/plain", pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=100)


class NotJson(Targeted):
    """A page for people, with status 200."""

    kind: Literal["not_json"]


class Empty(Targeted):
    """Status 200 and no body."""

    kind: Literal["empty"]


class NoContent(Targeted):
    """An answer without choices, candidates, content or data."""

    kind: Literal["no_content"]


class Gzip(Targeted):
    """The right answer, compressed, whether the caller asked for it or not."""

    kind: Literal["gzip"]


class FalseGzip(Targeted):
    """The right answer, said to be compressed although it is not."""

    kind: Literal["false_gzip"]


Fault = (
    Status | RateLimit | Refuse | Reset | Hang | SlowFirstByte | SlowStream | Stall | Truncate | Disconnect
    | BrokenJson | Garbage | ErrorEvent | Oversized | ErrorBody | Blocked | ContentType | NotJson | Empty
    | NoContent | Gzip | FalseGzip
)  # fmt: skip


class FaultRequest(RootModel[Annotated[Fault, Field(discriminator="kind")]]):
    """POST /simulator/faults: the fields of its kind and no others."""
