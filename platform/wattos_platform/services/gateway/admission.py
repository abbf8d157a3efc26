"""Who comes in: identity, tenant, rate limits and permission, in that order, for every route alike."""

from functools import lru_cache

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.limiter import Decision, RateLimiter, Want
from wattos_platform.kernel.resilience.retry_after import retry_after, whole_wait_s
from wattos_platform.kernel.telemetry import Meter, NullMeter
from wattos_platform.services.gateway.authentication import Authenticator
from wattos_platform.services.gateway.domain.addresses import TrustedProxies
from wattos_platform.services.gateway.domain.headers import RequestHeaders
from wattos_platform.services.gateway.domain.limits import LimitPlan, policy_header, state_header
from wattos_platform.services.gateway.domain.routes import GatewayRoute
from wattos_platform.services.gateway.request_record import RequestRecord

MAX_PLANS = 10_000
_UNVERIFIED = 401
# What a request takes, and the header field that tells of it: the same for every request of a caller.
Charge = tuple[tuple[Want, ...], bytes]


class Admission:
    """Admits a request or refuses it with a ServiceError: 401, 403 or 429.

    Limits come before permission, so that somebody who tries what they may not is limited too. A caller
    without identity counts by address.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        limiter: RateLimiter,
        plan: LimitPlan,
        proxies: TrustedProxies,
        meter: Meter | None = None,
    ) -> None:
        self._authenticator = authenticator
        self._limiter = limiter
        self.plan = plan
        self._proxies = proxies
        self._meter = meter or NullMeter()
        self._charge_of = lru_cache(maxsize=MAX_PLANS)(self._charge)

    def replace_plan(self, plan: LimitPlan) -> None:
        """Use other limits from now on; what callers have used of the old ones stays used."""
        self.plan = plan
        self._charge_of.cache_clear()

    async def admit(
        self, route: GatewayRoute, headers: RequestHeaders, peer: str, record: RequestRecord
    ) -> Identity:
        """Return the identity under which the request goes on; `record` shows how far a refused one came."""
        try:
            principal = await self._authenticator.authenticate(headers.authorization, headers.api_key)
        except ServiceError as refusal:
            if refusal.status == _UNVERIFIED:
                self._meter.counter("auth_refusals_total", reason=refusal.code).inc()
                address = self._proxies.client_address(peer, headers.forwarded_for)
                wants = (self.plan.address_want(address),)
                await self._take((wants, policy_header(wants)), record)
            raise
        record.credential_id = principal.credential_id
        named = headers.tenant
        allowed = named if named in principal.identities else None
        record.identity = identity = principal.identity_for(allowed)
        per_minute = principal.per_minute
        own = None if per_minute is None else (principal.credential_id, per_minute)
        await self._take(self._charge_of(identity.tenant, identity.user, route.limit.value, own), record)
        if named is not allowed:
            principal.identity_for(named)
        principal.require(route.permission)
        return identity

    def _charge(self, tenant: str, user: str, limit_class: str, own: tuple[str, int] | None) -> Charge:
        wants = self.plan.wants(tenant, user, limit_class, own)
        return wants, policy_header(wants)

    async def _take(self, charge: Charge, record: RequestRecord) -> None:
        wants, policy = charge
        decision = await self._limiter.acquire(wants)
        record.limit_headers = ((b"ratelimit-policy", policy), (b"ratelimit", state_header(decision)))
        if not decision.allowed:
            raise _limited(decision)


def _limited(decision: Decision) -> ServiceError:
    limit, wait_s = decision.limit, whole_wait_s(decision.retry_after_s)
    return ServiceError(
        429,
        "rate_limit_exceeded",
        f"The {limit.name} limit of {limit.count} requests per {limit.period_s:.0f} s is used up;"
        f" try again in {wait_s} s.",
        headers=retry_after(wait_s),
    )
