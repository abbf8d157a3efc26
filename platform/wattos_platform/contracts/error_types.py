"""`error_type` of metrics, rows and log lines: a closed list, whose first word is the domain of the fault."""

from typing import Final

CALLER: Final = (
    "caller_invalid",
    "caller_not_found",
    "caller_too_large",
    "caller_gone",
)
"""The request is wrong, or nobody waits for its answer any more."""

POLICY: Final = (
    "policy_identity",
    "policy_permission",
    "policy_rate_limit",
)
"""A rule of this platform refuses it."""

PROVIDER: Final = (
    "provider_unsupported",
    "provider_auth",
    "provider_model_missing",
    "provider_rate_limited",
    "provider_budget",
    "provider_timeout",
    "provider_unavailable",
    "provider_truncated",
    "provider_failed",
)
"""Whoever was asked for it, a model provider or another service, failed."""

PLATFORM: Final = (
    "platform_overloaded",
    "platform_unavailable",
    "platform_ended",
    "platform_internal",
)
"""The service itself failed."""

ERROR_TYPES: Final = (*CALLER, *POLICY, *PROVIDER, *PLATFORM)

ERROR_TYPE_HEADER: Final = "x-wattos-error-type"
"""Says it of an answer whose status does not tell, so that whoever passes the answer on counts the same."""

_KNOWN: Final = frozenset(ERROR_TYPES)


def known_error_type(text: str | None) -> str:
    """Return `text` if it is of the list, else nothing."""
    return text if text is not None and text in _KNOWN else ""
