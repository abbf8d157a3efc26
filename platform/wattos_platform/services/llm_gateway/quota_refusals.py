"""What a caller learns when a quota refuses: 429 with the time to wait, or 403."""

from collections.abc import Sequence

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.rate_limits import Decision
from wattos_platform.kernel.resilience.retry_after import retry_after, whole_wait_s
from wattos_platform.services.llm_gateway.domain.pricing import usd_text
from wattos_platform.services.llm_gateway.domain.quotas import Budget, Places, TokenShare

_STREAM_WAIT_S = 1
_PICO_PER_NANO = 1000


def too_many_tokens(decision: Decision, shares: Sequence[TokenShare]) -> ServiceError:
    """Return the refusal of a request whose tokens do not fit into the minute of an account."""
    share = next(share for share in shares if share.limit is decision.limit)
    wait_s = whole_wait_s(decision.retry_after_s)
    return _refusal(
        "rate_limit_exceeded",
        f"The {share.account} may use {decision.limit.count} tokens a minute; try again in {wait_s} s.",
        wait_s,
    )


def too_many_streams(share: Places) -> ServiceError:
    """Return the refusal of a stream beyond those that an account may have at once."""
    return _refusal(
        "too_many_streams",
        f"The {share.account} may have {share.streams} streams at once; end one, or try again.",
        _STREAM_WAIT_S,
    )


def budget_spent(budget: Budget, wait_s: float) -> ServiceError:
    """Return the refusal of a request that a budget does not cover; a new day begins in `wait_s`."""
    cap = usd_text(budget.cap * _PICO_PER_NANO)
    return _refusal(
        "insufficient_quota",
        f"The budget of {cap} USD a day of the {budget.account} does not cover this request; "
        "a new day begins at 00:00 UTC.",
        wait_s,
    )


def price_unknown(model: str) -> ServiceError:
    """Return the refusal of a request under a budget whose cost nobody can know."""
    return ServiceError(
        403,
        "price_unknown",
        f"The model {model[:80]!r} has no known price, so a budget cannot be kept; "
        "its operator can give it one under [[llm.prices]].",
        param="model",
    )


def _refusal(code: str, message: str, wait_s: float) -> ServiceError:
    return ServiceError(429, code, message, headers=retry_after(wait_s))
