"""What a caller learns when providers fail."""

from collections.abc import Sequence

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.retry_after import retry_after
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.models import Resolution, Target


def as_error(target: Target, failure: ProviderFailure) -> ServiceError:
    """Return what the caller learns of the failure of the one provider it asked."""
    error = _error(target, failure)
    error.error_type = failure.error_type
    return error


def _error(target: Target, failure: ProviderFailure) -> ServiceError:
    headers = {} if failure.retry_after_s is None else retry_after(failure.retry_after_s)
    message, param = failure.message, failure.param
    if failure.kind == "caller":
        return ServiceError(failure.status, failure.code or "invalid_request", message, param=param)
    if failure.kind == "unsupported":
        return ServiceError(400, "unsupported_parameter", message, param=param)
    if failure.kind == "model_missing":
        return ServiceError(404, "model_not_found", message, param="model")
    if failure.kind == "rate_limited":
        return ServiceError(429, "provider_rate_limited", message, headers=headers)
    if failure.kind == "auth":
        message += f" Its operator must check the key of {target.provider}."
        return ServiceError(503, "provider_auth_failed", message)
    return ServiceError(503, "provider_unavailable", message, headers=headers)


def nobody(resolution: Resolution, failures: Sequence[tuple[Target, ProviderFailure]]) -> ServiceError:
    """Return what the caller learns when the whole chain failed."""
    if not resolution.alias or len(failures) == 1:
        return as_error(*failures[0])
    if all(failure.kind == "unsupported" for _, failure in failures):
        return as_error(*failures[-1])
    told = " ".join(failure.message for _, failure in failures)
    waits = [failure.retry_after_s for _, failure in failures if failure.retry_after_s is not None]
    headers = retry_after(min(waits)) if waits else {}
    error = ServiceError(503, "all_providers_failed", f"No provider could answer. {told}", headers=headers)
    error.error_type = "provider_unavailable"
    return error
