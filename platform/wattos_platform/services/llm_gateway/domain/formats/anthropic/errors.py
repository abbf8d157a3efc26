"""What Anthropic's errors mean. Source: "Errors" of its API reference."""

import re
from collections.abc import Mapping
from typing import Any

from wattos_platform.services.llm_gateway.domain.failures import (
    ProviderFailure,
    asked_wait_s,
    callers_fault,
    fault_of_status,
    providers_fault,
)

# The status that each type of error has; inside a stream only the type is told.
STATUS_OF = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_OVERLOADED = 529
_PAYMENT = 402
# No code tells these apart from other mistakes, only the wording.
_TOO_LONG = re.compile(
    r"prompt is too long|exceed(?:s|ed)? (?:the )?(?:context limit|context window)", re.IGNORECASE
)
_NO_CREDIT = re.compile(r"credit balance is too low|spend(?:ing)? limit|usage limits?", re.IGNORECASE)
_FIELD = re.compile(r"([a-z_]+(?:\.[\w.]+)?): ")


def failure_of(
    provider: str, status: int, headers: Mapping[str, str], error: Any, now: float
) -> ProviderFailure:
    """Return what an error means; `error` is the member of that name, `headers` ignore case."""
    error = error if isinstance(error, dict) else {}
    text = error.get("message") if isinstance(error.get("message"), str) else ""
    fault = fault_of_status(status)
    if fault != "caller":
        return providers_fault(provider, fault, status, retry_after_s=asked_wait_s(headers, now))
    if _NO_CREDIT.search(text):
        return providers_fault(provider, "auth", _PAYMENT)
    code, param = error.get("type"), None
    if code == "invalid_request_error":
        code = None  # says no more than the status
    if _TOO_LONG.search(text):
        code, param = "context_length_exceeded", "messages"
    elif field := _FIELD.match(text):
        param = field[1]
    return callers_fault(provider, status, text, code=code, param=param)


def status_of(error: Any) -> int:
    """Return the status that an error inside a stream would have had."""
    kind = error.get("type") if isinstance(error, dict) else None
    return STATUS_OF.get(kind, _OVERLOADED) if isinstance(kind, str) else _OVERLOADED
