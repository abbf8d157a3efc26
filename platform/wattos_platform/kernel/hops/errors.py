"""How a hop fails, in the caller's terms."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from wattos_platform.contracts.error_types import ERROR_TYPE_HEADER, known_error_type
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.concurrency import Shed
from wattos_platform.kernel.resilience.degrade import is_outage
from wattos_platform.kernel.resilience.retry_after import retry_after, whole_wait_s

_SHOWN_CHARS = 200
_DISTRUST = frozenset({401, 403})
_PASSED_ON = ("retry-after", "www-authenticate")


class HopError(ServiceError):
    """The other service answered with an error; status, code, message and details are its own."""

    def __init__(
        self,
        service: str,
        status: int,
        code: str,
        message: str,
        *,
        details: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(status, code, message, details=details, headers=headers, param=param)
        self.service = service


class HopUnavailable(ServiceError):  # noqa: N818 - the field's name for it
    """The other service could not be asked or did not answer: 503 `upstream_unavailable`.

    `reason` is one of refused, timeout, disconnected, breaker_open, overloaded. `breaker_ignores` is True
    where the call never began, so that a refusal of ours is not held against the upstream.
    """

    def __init__(self, service: str, reason: str, retry_after_s: float = 1.0) -> None:
        wait = whole_wait_s(retry_after_s)
        super().__init__(
            503,
            "upstream_unavailable",
            f"The service {service} is not available ({_WORDS[reason]}); try again in {wait} s.",
            headers=retry_after(wait),
        )
        self.service = service
        self.reason = reason
        self.breaker_ignores = reason in ("breaker_open", "overloaded")
        self.error_type = Shed.error_type if reason == "overloaded" else ""


_WORDS = {
    "refused": "it refuses connections",
    "timeout": "it did not answer in time",
    "disconnected": "it closed the connection",
    "breaker_open": "it is left alone for now, its circuit breaker is open",
    "overloaded": "too many calls to it are running",
}


def failed_by(service: str) -> Callable[[Exception], bool]:
    """Return what says whether an error is an outage of that service, for `Degradations.of`.

    A service that does not believe our identity is one, too: the gateway has admitted the caller.
    """

    def failed(error: Exception) -> bool:
        if not isinstance(error, (HopError, HopUnavailable)) or error.service != service:
            return False
        return is_outage(error) or error.status in _DISTRUST

    return failed


def malformed(service: str, what: str) -> HopError:
    """Return the error of an answer that arrived whole and is not `what` was asked for."""
    return HopError(
        service, 502, "upstream_malformed", f"The service {service} answered something that is no {what}."
    )


def error_of(service: str, status: int, headers: Mapping[str, str], body: bytes) -> HopError:
    """Return the HopError for an answer with status >= 400, in either error shape or none."""
    passed_on = {name: headers[name] for name in _PASSED_ON if name in headers}
    try:
        told = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = None
    if not isinstance(told, dict):
        text = body[:_SHOWN_CHARS].decode("utf-8", "replace").strip()
        told = {"message": text or f"The service {service} answered {status} without a reason."}
    param = None
    if isinstance(told.get("error"), dict):
        told = told["error"]
        param = told.get("param")
    details = told.get("details")
    error = HopError(
        service,
        status,
        str(told.get("code") or "upstream_error"),
        str(told.get("message") or f"The service {service} answered {status}."),
        details=details if isinstance(details, list) else None,
        headers=passed_on,
        param=param if isinstance(param, str) else None,
    )
    error.error_type = known_error_type(headers.get(ERROR_TYPE_HEADER))
    return error
