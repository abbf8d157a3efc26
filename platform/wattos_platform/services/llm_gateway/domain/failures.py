"""How a provider's call failed, and what follows: fallback, breaker, the caller's answer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

Kind = Literal[
    "caller", "unsupported", "auth", "model_missing", "rate_limited", "timeout", "unavailable", "truncated"
]
# Not the provider's fault, so nothing for its breaker.
_NOT_ITS_FAULT = frozenset({"caller", "unsupported", "auth", "model_missing"})
BREAKER_OPEN = "breaker_open"
_LONGEST_WAIT_S = 3600.0
_LONGEST_MESSAGE = 500


class ProviderFailure(Exception):  # noqa: N818 - the field's name for it
    """One call to one provider failed.

    `message` may be shown to the caller. `retry_after_s` is set when the provider itself named a wait; its
    breaker then stays open for exactly that long. `status` and `param` matter for the kind `caller`.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        status: int = 503,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s

    @property
    def breaker_ignores(self) -> bool:
        """Return whether the breaker must not count this failure."""
        return self.kind in _NOT_ITS_FAULT

    @property
    def falls_back(self) -> bool:
        """Return whether the next provider of an alias may be asked: never for a caller's own mistake."""
        return self.kind != "caller"

    @property
    def worth_a_retry(self) -> bool:
        """Return whether the same provider may succeed a moment later."""
        return self.kind == "unavailable" and self.code != BREAKER_OPEN

    @property
    def error_type(self) -> str:
        """Return the fault domain for metrics and rows (the closed list of observability)."""
        if self.kind == "caller":
            return "caller_invalid"
        return f"provider_{self.kind}"


def from_status(
    provider: str, status: int, headers: Mapping[str, str], body: Any, now: float
) -> ProviderFailure:
    """Return the failure that an upstream's error answer means.

    401 and 403 speak of this gateway's own key, 404 of its configured model: the caller did nothing wrong.
    `now` is the wall clock, for a Retry-After that is a date.
    """
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    if status in (401, 403):
        return ProviderFailure(
            "auth", f"The provider {provider} refuses this gateway's credentials.", status=status
        )
    if status == 404:  # noqa: PLR2004 - an HTTP status
        return ProviderFailure(
            "model_missing", f"The provider {provider} does not serve this model.", status=404
        )
    if status == 429:  # noqa: PLR2004 - an HTTP status
        wait = retry_after_s(headers.get("Retry-After"), now)
        return ProviderFailure(
            "rate_limited",
            f"The provider {provider} limits the rate of requests.",
            status=429,
            retry_after_s=wait,
        )
    if status < 400 or status in (408, 409, 425) or status >= 500:  # noqa: PLR2004 - an HTTP status class
        wait = retry_after_s(headers.get("Retry-After"), now)
        return ProviderFailure(
            "unavailable", f"The provider {provider} answered with status {status}.", retry_after_s=wait
        )
    message = str(error.get("message") or f"The provider {provider} refuses the request.")[:_LONGEST_MESSAGE]
    code, param = error.get("code"), error.get("param")
    return ProviderFailure(
        "caller",
        message,
        status=status,
        code=str(code) if code else None,
        param=str(param) if param else None,
    )


def retry_after_s(header: str | None, now: float) -> float | None:
    """Return the wait that a Retry-After header (seconds or an HTTP date) asks for, at most an hour."""
    if not header:
        return None
    text = header.strip()
    if text.replace(".", "", 1).isdigit():
        return min(float(text), _LONGEST_WAIT_S)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    wait = (when - datetime.fromtimestamp(now, UTC)).total_seconds()
    return min(max(wait, 0.0), _LONGEST_WAIT_S)
