"""What Google's errors mean. Source: google.rpc.Status and the Gemini API's troubleshooting guide."""

import re
from collections.abc import Mapping
from typing import Any

from wattos_platform.kernel.resilience.retry_after import parse_retry_after
from wattos_platform.services.llm_gateway.domain.failures import (
    ProviderFailure,
    asked_wait_s,
    callers_fault,
    fault_of_status,
    providers_fault,
)

_BAD, _UNAUTHORIZED, _PAYMENT, _CANCELLED, _UNAVAILABLE = 400, 401, 402, 499, 503
_STATUSES = range(400, 600)
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
# No code tells it apart from other mistakes, only the wording.
_TOO_LONG = re.compile(r"input token count|exceeds the maximum number of tokens", re.IGNORECASE)


def failure_of(
    provider: str, status: int, headers: Mapping[str, str], error: Any, now: float
) -> ProviderFailure:
    """Return what an error means; `error` is the member of that name, `headers` ignore case."""
    error = error if isinstance(error, dict) else {}
    details = [item for item in error.get("details") or () if isinstance(item, dict)]
    fault = fault_of_status(status)
    if status == _CANCELLED:
        fault = "unavailable"
    if fault == "caller" and "API_KEY_INVALID" in {item.get("reason") for item in details}:
        return providers_fault(provider, "auth", _UNAUTHORIZED)
    if status == _BAD and error.get("status") == "FAILED_PRECONDITION":
        # Billing is not set up, or the country that this gateway is in is not served.
        return providers_fault(provider, "auth", _PAYMENT)
    if fault != "caller":
        wait = _retry_info_s(details, now)
        if wait is None:
            wait = asked_wait_s(headers, now)
        return providers_fault(provider, fault, status, retry_after_s=wait)
    message = error.get("message")
    if isinstance(message, str) and _TOO_LONG.search(message):
        return callers_fault(provider, status, message, code="context_length_exceeded", param="messages")
    return callers_fault(provider, status, message, param=_field(details))


def status_of(error: Any) -> int:
    """Return the status that an error inside a stream tells of."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and code in _STATUSES else _UNAVAILABLE


def _retry_info_s(details: list[dict[str, Any]], now: float) -> float | None:
    for item in details:
        delay = item.get("retryDelay")
        if item.get("@type") == _RETRY_INFO and isinstance(delay, str):
            return parse_retry_after(delay.removesuffix("s"), now)
    return None


def _field(details: list[dict[str, Any]]) -> str | None:
    """Return the first field that the error complains of, in Google's spelling."""
    for item in details:
        violations = item.get("fieldViolations")
        if item.get("@type") == _BAD_REQUEST and isinstance(violations, list):
            for violation in violations:
                if isinstance(violation, dict) and isinstance(violation.get("field"), str):
                    return str(violation["field"])
    return None
