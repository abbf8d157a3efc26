"""How often a caller may come: rates, the buckets a request draws on, and how they are told."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_RATE = re.compile(r"(\d{1,9})r/([smhd])\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` requests per `period_s` seconds, all of which may come at once (the burst is the count)."""

    count: int
    period_s: int


def parse_rate(text: str) -> Rate:
    """Return the rate in `text`, written `<n>r/<s|m|h|d>` as in RATE_LIMIT; ValueError for anything else."""
    match = _RATE.match(text)
    if match is None or int(match[1]) == 0:
        raise ValueError(f"{text!r} is not a rate; write <n>r/<s|m|h|d> with n >= 1, for example 100r/m")
    return Rate(int(match[1]), _SECONDS[match[2]])


@dataclass(frozen=True, slots=True)
class TenantRates:
    """What one tenant was given instead of the defaults; None keeps the default."""

    user: Rate | None = None
    tenant: Rate | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """One bucket that a request takes one token from: the limit's public name, the bucket's key, its rate."""

    name: str
    key: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class RatePlan:
    """The configured rates. Classes have a rate of their own only when one is configured."""

    user: Rate
    tenant: Rate
    address: Rate
    tenants: Mapping[str, TenantRates] = field(default_factory=dict)
    classes: Mapping[str, Rate] = field(default_factory=dict)

    def draws(
        self, tenant: str, user: str, limit_class: str, own: tuple[str, int] | None = None
    ) -> tuple[Draw, ...]:
        """Return the buckets of a verified caller's request, the user's first.

        `own` is (credential id, requests per minute) of a credential that bears its own limit: it counts in a
        bucket of its own, since a user's other credentials do not have it.
        """
        given = self.tenants.get(tenant, _DEFAULTS)
        if own is not None:
            first = Draw("credential", f"key:{own[0]}", Rate(own[1], 60))
        else:
            first = Draw("user", f"user:{tenant}:{user}", given.user or self.user)
        draws = (first, Draw("tenant", f"tenant:{tenant}", given.tenant or self.tenant))
        rate = self.classes.get(limit_class)
        if rate is None:
            return draws
        return (*draws, Draw(limit_class, f"class:{limit_class}:{tenant}:{user}", rate))

    def address_draw(self, address: str) -> Draw:
        """Return the bucket of a caller of whom only the address is known."""
        return Draw("ip", f"ip:{address}", self.address)


_DEFAULTS = TenantRates()


def policy_header(draw: Draw) -> str:
    """Return one item of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): quota and window."""
    return f'"{draw.name}";q={draw.rate.count};w={draw.rate.period_s}'


def state_header(draw: Draw, remaining: int, reset_s: float) -> str:
    """Return the `RateLimit` field: what is left, and in how many seconds the quota is whole again."""
    return f'"{draw.name}";r={remaining};t={math.ceil(reset_s)}'


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the limiter decided; `draw` is the refused bucket, or the one with the least left."""

    allowed: bool
    draw: Draw
    remaining: int
    retry_after_s: float
    reset_s: float
