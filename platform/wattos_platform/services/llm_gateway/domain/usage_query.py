"""What a usage report is asked for: the period, the grouping, whose calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from wattos_platform.services.llm_gateway.domain.refusals import wrong

_DEFAULT_PERIOD = timedelta(days=30)
_PERIOD = ("since", "until", "by")

DAY = "day"
USER = "user"
# The columns of each grouping. A user's name means something within a tenant only, a model's at a provider.
GROUPINGS: Mapping[str, tuple[str, ...]] = {
    "": ("provider", "model", "operation"),
    "provider": ("provider",),
    "model": ("provider", "model"),
    "tenant": ("tenant",),
    DAY: (DAY,),
    USER: ("tenant", USER),
    "operation": ("operation",),
}
# How calls end that did not fail; one that a cache answered asked nobody.
ENDED_WELL = ("ok", "cached")
# What every row of a report sums up; costs are in whole pico-dollars.
SUMMED = (
    "calls",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "unpriced_calls",
    "estimated_calls",
    "failed_calls",
    "cost_pico_usd",
)


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """The calls in [since, until) of one tenant, of all where it is None, in the grouping `by`."""

    since: datetime
    until: datetime
    by: str = ""
    tenant: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that make one row."""
        return GROUPINGS[self.by]


def own_usage(query: Mapping[str, str], now: datetime, tenant: str) -> UsageQuery:
    """Return what a tenant asks about itself; Refusal for an unknown parameter or a value that is none."""
    _check_known(query, _PERIOD)
    return _asked(query, now, tenant)


def all_usage(query: Mapping[str, str], now: datetime) -> UsageQuery:
    """Return what the operator asks: of all tenants, or of the one in `tenant`. Refusal as in `own_usage`."""
    _check_known(query, (*_PERIOD, "tenant"))
    return _asked(query, now, query.get("tenant") or None)


def _check_known(query: Mapping[str, str], names: tuple[str, ...]) -> None:
    for name in query:
        if name not in names:
            raise wrong(name, f"is not known; use {', '.join(names[:-1])} and {names[-1]}")


def _asked(query: Mapping[str, str], now: datetime, tenant: str | None) -> UsageQuery:
    by = query.get("by") or ""
    if by not in GROUPINGS:
        raise wrong("by", f"must be one of {', '.join(name for name in GROUPINGS if name)}")
    since, until = _period(query, now)
    return UsageQuery(since, until, by, tenant)


def _period(query: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    until = _instant(query, "until") or now + timedelta(seconds=1)
    try:
        since = _instant(query, "since") or until - _DEFAULT_PERIOD
    except OverflowError:
        raise wrong("until", "must leave room for the period before it") from None
    if since >= until:
        raise wrong("since", "must be before until")
    return since, until


def _instant(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        # A "+" of an offset that was not escaped arrives as a blank.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise wrong(name, "must be an instant such as 2026-01-31T00:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
