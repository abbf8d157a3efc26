"""How often a caller may come: the limits a request draws on, and how they are told."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wattos_platform.kernel.resilience.limiter import Decision, Limit, Want


@dataclass(frozen=True, slots=True)
class TenantRates:
    """What one tenant was given instead of the defaults; None keeps the default."""

    user: Limit | None = None
    tenant: Limit | None = None


@dataclass(frozen=True, slots=True)
class LimitPlan:
    """The configured limits. Classes have a limit of their own only when one is configured."""

    user: Limit
    tenant: Limit
    address: Limit
    tenants: Mapping[str, TenantRates] = field(default_factory=dict)
    classes: Mapping[str, Limit] = field(default_factory=dict)

    def wants(
        self, tenant: str, user: str, limit_class: str, own: tuple[str, int] | None = None
    ) -> tuple[Want, ...]:
        """Return what a verified caller's request takes, the user's limit first.

        `own` is (credential id, requests per minute) of a credential that bears its own limit: it counts
        apart, since a user's other credentials do not have it.
        """
        given = self.tenants.get(tenant, _DEFAULTS)
        if own is None:
            first = Want(f"{tenant}/{user}", given.user or self.user)
        else:
            first = Want(own[0], Limit("credential", own[1], 60))
        wants = (first, Want(tenant, given.tenant or self.tenant))
        limit = self.classes.get(limit_class)
        return wants if limit is None else (*wants, Want(f"{tenant}/{user}", limit))

    def address_want(self, address: str) -> Want:
        """Return what a caller takes of whom only the address is known."""
        return Want(address, self.address)


_DEFAULTS = TenantRates()


def policy_header(wants: Sequence[Want]) -> bytes:
    """Return the `RateLimit-Policy` field (draft-ietf-httpapi-ratelimit-headers): quotas and windows."""
    return ", ".join(
        f'"{want.limit.name}";q={want.limit.count};w={want.limit.period_s:.0f}' for want in wants
    ).encode()


def state_header(decision: Decision) -> bytes:
    """Return the `RateLimit` field: what is left of the tightest limit, and when it is whole again (s)."""
    return f'"{decision.limit.name}";r={decision.remaining};t={math.ceil(decision.reset_s)}'.encode()
