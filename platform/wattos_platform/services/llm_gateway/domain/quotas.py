"""Which quotas a request draws on: its tenant's, its user's, its model's."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from wattos_platform.contracts.limits import Limits, Quota
from wattos_platform.kernel.resilience.rate_limits import Limit

NANO_USD = Decimal(10) ** -9
MINUTE_S = 60
# Reserved for an answer whose length nobody has named, and at the most for any: who asks for a million tokens
# shall wait for a full bucket, not for ever.
ASSUMED_ANSWER_TOKENS = 500
MOST_RESERVED_TOKENS = 4_000
MOST_PROMPT_TOKENS = 100_000
_BYTES_PER_TOKEN = 4
_KEPT = 10_000


class Account(NamedTuple):
    """Whose use is counted: kind is tenant, user or model; users of two tenants may share a name."""

    kind: str
    tenant: str
    name: str

    @property
    def key(self) -> str:
        """Return the name under which stores keep it."""
        return f"{self.kind}:{self.tenant}/{self.name}" if self.kind == "user" else f"{self.kind}:{self.name}"

    def __str__(self) -> str:
        """Return it as callers are told."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class TokenShare:
    """What an account may use a minute; `key` is the account's."""

    account: Account
    key: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class Places:
    """How many streams an account may have at once; `key` is the account's."""

    account: Account
    key: str
    streams: int
    shadow: bool
    limit_name: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit_name", f"{self.account.kind}_streams")


@dataclass(frozen=True, slots=True)
class Budget:
    """What an account may spend in a UTC day: `cap` nano-dollars. A `shadow` is told and refuses nobody."""

    account: Account
    cap: int
    shadow: bool = False
    limit_name: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "limit_name", f"{self.account.kind}_usd")


@dataclass(frozen=True, slots=True)
class Draw:
    """What a request takes tokens, money and places for streams of, the tenant's first."""

    tokens: tuple[TokenShare, ...]
    budgets: tuple[Budget, ...]
    places: tuple[Places, ...]


class QuotaPlan:
    """The configured quotas; who has none draws on none."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept: dict[tuple[str, str, str], Draw | None] = {}

    def of(self, tenant: str, user: str, model: str) -> Draw | None:
        """Return what a request draws on, None for nothing."""
        key = (tenant, user, model)
        try:
            return self._kept[key]
        except KeyError:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            found = self._kept[key] = self._draw(tenant, user, model)
        return found

    def _draw(self, tenant: str, user: str, model: str) -> Draw | None:
        limits = self._limits
        drawn = (
            (Account("tenant", tenant, tenant), limits.tenants.get(tenant, limits.tenant)),
            (Account("user", tenant, user), limits.users.get(f"{tenant}/{user}", limits.user)),
            (Account("model", "", model), limits.models.get(model, limits.model)),
        )
        draw = Draw(
            tuple(
                TokenShare(account, account.key, _limit(account, quota.tokens_per_minute, quota))
                for account, quota in drawn
                if quota.tokens_per_minute
            ),
            tuple(
                Budget(account, int(quota.usd_per_day / NANO_USD), quota.shadow)
                for account, quota in drawn
                if quota.usd_per_day
            ),
            tuple(
                Places(account, account.key, quota.concurrent_streams, quota.shadow)
                for account, quota in drawn
                if quota.concurrent_streams
            ),
        )
        return draw if draw.tokens or draw.budgets or draw.places else None


def _limit(account: Account, tokens: int, quota: Quota) -> Limit:
    return Limit(f"{account.kind}_tokens", tokens, MINUTE_S, shadow=quota.shadow)


def reserved_tokens(body_bytes: int, asked_tokens: int | None) -> tuple[int, int]:
    """Return (prompt, answer) tokens to reserve for a request before anybody has counted it.

    Four bytes of JSON make a token, more or less; the real figures replace these when the answer is there.
    """
    prompt = body_bytes // _BYTES_PER_TOKEN + 1
    answer = ASSUMED_ANSWER_TOKENS if asked_tokens is None else asked_tokens
    return (
        prompt if prompt < MOST_PROMPT_TOKENS else MOST_PROMPT_TOKENS,  # noqa: FURB136 - every request pays for min()
        answer if answer < MOST_RESERVED_TOKENS else MOST_RESERVED_TOKENS,  # noqa: FURB136 - same
    )


def nano_usd(pico_usd: int) -> int:
    """Return pico-dollars as whole nano-dollars, rounded up: what is not paid for would be free."""
    return -(-pico_usd // 1000)
