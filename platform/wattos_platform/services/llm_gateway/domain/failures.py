"""How a provider's call failed, and what follows: fallback, breaker, the caller's answer."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from wattos_platform.contracts.redaction import redact_text
from wattos_platform.kernel.resilience.retry_after import LONGEST_WAIT_S, parse_retry_after

Kind = Literal[
    "caller",
    "unsupported",
    "auth",
    "model_missing",
    "rate_limited",
    "shed",
    "budget",
    "timeout",
    "unavailable",
    "truncated",
]
# Not the provider's fault, so nothing for its breaker.
_NOT_ITS_FAULT = frozenset({"caller", "unsupported", "auth", "model_missing", "shed", "budget"})
_PASSES = frozenset({"unavailable", "truncated"})
BREAKER_OPEN = "breaker_open"
_LONGEST_MESSAGE = 500
_LONGEST_NAME = 200
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{0,15})?", re.ASCII)
_PAYMENT, _NOT_FOUND, _TOO_MANY = 402, 404, 429
_ACCOUNT = frozenset({401, _PAYMENT, 403})
_CALLERS = range(400, 500)
_PASSING = frozenset({408, 409, 425})  # of the 4xx, those that a later try may not see again


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
        """Return whether the same provider may succeed a moment later, while nothing of its answer was told.

        Not after a time-out: the caller has waited long enough.
        """
        return self.kind in _PASSES and self.code != BREAKER_OPEN

    @property
    def error_type(self) -> str:
        """Return the fault domain for metrics and rows (the closed list of observability)."""
        if self.kind == "caller":
            return "caller_invalid"
        if self.kind == "shed":
            return "platform_overloaded"
        return f"provider_{self.kind}"


def nonsense(provider: str, what: str) -> ProviderFailure:
    """Return the failure of a provider whose answer makes no sense; `what` says what it answered with."""
    return ProviderFailure("unavailable", f"The provider {provider} answered with {what}.")


def from_status(
    provider: str, status: int, headers: Mapping[str, str], body: Any, now: float
) -> ProviderFailure:
    """Return the failure that an upstream's error answer means; `body` is decoded, in OpenAI's shape.

    401, 402 and 403 speak of this gateway's own account, 404 of its configured model: the caller did
    nothing wrong. `headers` ignore case. `now` is the wall clock, for a Retry-After that is a date.
    """
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    fault = fault_of_status(status)
    if fault == "caller":
        return callers_fault(
            provider, status, error.get("message"), code=error.get("code"), param=error.get("param")
        )
    return providers_fault(provider, fault, status, retry_after_s=asked_wait_s(headers, now))


def fault_of_status(status: int) -> Kind:
    """Return whose fault an error status tells of."""
    if status in _ACCOUNT:
        return "auth"
    if status == _NOT_FOUND:
        return "model_missing"
    if status == _TOO_MANY:
        return "rate_limited"
    if status in _CALLERS and status not in _PASSING:
        return "caller"
    return "unavailable"


def callers_fault(
    provider: str, status: int, message: Any, *, code: Any = None, param: Any = None
) -> ProviderFailure:
    """Return the failure of a request that the provider refuses as wrong, in the provider's own words.

    A `code` that only repeats the status (Azure) is none.
    """
    told = redact_text(message) if isinstance(message, str) else ""
    return ProviderFailure(
        "caller",
        told[:_LONGEST_MESSAGE] or f"The provider {provider} refuses the request.",
        status=status,
        code=str(code)[:_LONGEST_NAME] if code and str(code) != str(status) else None,
        param=str(param)[:_LONGEST_NAME] if param else None,
    )


def providers_fault(
    provider: str, kind: Kind, status: int, *, retry_after_s: float | None = None
) -> ProviderFailure:
    """Return a failure that is no fault of the caller's, in words that tell nothing of the upstream's."""
    if kind == "auth":
        what = "account" if status == _PAYMENT else "credentials"
        return ProviderFailure(
            "auth", f"The provider {provider} refuses this gateway's {what}.", status=status
        )
    if kind == "model_missing":
        return ProviderFailure(
            "model_missing", f"The provider {provider} does not serve this model.", status=_NOT_FOUND
        )
    if kind == "rate_limited":
        return ProviderFailure(
            "rate_limited",
            f"The provider {provider} limits the rate of requests.",
            status=_TOO_MANY,
            retry_after_s=retry_after_s,
        )
    return ProviderFailure(
        "unavailable", f"The provider {provider} answered with status {status}.", retry_after_s=retry_after_s
    )


def asked_wait_s(headers: Mapping[str, str], now: float) -> float | None:
    """Return the wait that an answer's headers ask for; `retry-after-ms` (OpenAI, Azure) is the finer one."""
    fine = (headers.get("retry-after-ms") or "").strip()
    if _NUMBER.fullmatch(fine):
        return min(float(fine) / 1000, LONGEST_WAIT_S)
    return parse_retry_after(headers.get("Retry-After"), now)
