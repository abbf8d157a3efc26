"""Which quotas a request draws on: its tenant's, its user's, its model's."""

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


class Share(NamedTuple):
    """One account that a request draws on, and what that may use; `usd_cap` in nano-dollars a day.

    `key` is the account's, kept because it is needed at every request.
    """

    account: Account
    key: str
    tokens: Limit | None
    streams: int | None
    usd_cap: int | None
    shadow: bool


class Draw(NamedTuple):
    """The shares of which a request takes tokens, money and places for streams, the tenant's first."""

    tokens: tuple[Share, ...]
    money: tuple[Share, ...]
    places: tuple[Share, ...]


class Charge(NamedTuple):
    """So many nano-dollars for one account, which may have spent `cap` of them in a day."""

    account: Account
    amount: int
    cap: int
    shadow: bool = False


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
        shares = [_share(account, quota) for account, quota in drawn]
        draw = Draw(
            tuple(share for share in shares if share.tokens),
            tuple(share for share in shares if share.usd_cap),
            tuple(share for share in shares if share.streams),
        )
        return draw if any(draw) else None


def _share(account: Account, quota: Quota) -> Share:
    tokens = quota.tokens_per_minute
    return Share(
        account,
        account.key,
        Limit(f"{account.kind}_tokens", tokens, MINUTE_S, shadow=quota.shadow) if tokens else None,
        quota.concurrent_streams,
        None if quota.usd_per_day is None else int(quota.usd_per_day / NANO_USD),
        quota.shadow,
    )


def reserved_tokens(body_bytes: int, asked_tokens: int | None) -> tuple[int, int]:
    """Return (prompt, answer) tokens to reserve for a request before anybody has counted it.

    Four bytes of JSON make a token, more or less; the real figures replace these when the answer is there.
    """
    prompt = min(body_bytes // _BYTES_PER_TOKEN + 1, MOST_PROMPT_TOKENS)
    answer = ASSUMED_ANSWER_TOKENS if asked_tokens is None else asked_tokens
    return prompt, min(answer, MOST_RESERVED_TOKENS)


def nano_usd(pico_usd: int) -> int:
    """Return pico-dollars as whole nano-dollars, rounded up: what is not paid for would be free."""
    return -(-pico_usd // 1000)
