"""What the gateway reads from settings, secret files and the generated configuration, checked at start."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.contracts.limits import LimitClass, TenantLimits, read_limits
from wattos_platform.contracts.settings import Settings, SettingsError
from wattos_platform.kernel.resilience.limiter import Limit
from wattos_platform.services.gateway.domain.addresses import TrustedProxies
from wattos_platform.services.gateway.domain.cors import CorsPolicy, policy_of
from wattos_platform.services.gateway.domain.limits import LimitPlan, TenantRates
from wattos_platform.services.gateway.domain.matching import RouteTable
from wattos_platform.services.gateway.domain.routes import Streams


def limit_plan(settings: Settings, config: Mapping[str, Any]) -> LimitPlan:
    """Return the limits of settings and configuration; SettingsError naming what is wrong."""
    section = read_limits(config)
    try:
        defaults = {
            "user": Limit.parse("user", settings.rate_limit),
            "tenant": Limit.parse("tenant", settings.tenant_rate_limit),
            "address": Limit.parse("ip", settings.ip_rate_limit),
        }
    except ValueError as error:
        raise SettingsError(
            f"RATE_LIMIT, WATTOS_TENANT_RATE_LIMIT or WATTOS_IP_RATE_LIMIT: {error}"
        ) from None
    return LimitPlan(
        **defaults,
        tenants={name: _tenant_rates(given) for name, given in section.tenants.items()},
        classes={name.value: Limit.parse(name.value, text) for name, text in section.classes.items()},
    )


def _tenant_rates(given: TenantLimits) -> TenantRates:
    return TenantRates(
        user=Limit.parse("user", given.user) if given.user else None,
        tenant=Limit.parse("tenant", given.tenant) if given.tenant else None,
    )


def cors_policy(settings: Settings) -> CorsPolicy:
    """Return the CORS policy; SettingsError for an origin that cannot be one."""
    try:
        return policy_of(_listed(settings.allowed_origins))
    except ValueError as error:
        raise SettingsError(f"ALLOWED_ORIGINS: {error}") from None


def trusted_proxies(settings: Settings) -> TrustedProxies:
    """Return whose X-Forwarded-For is believed; SettingsError for what is no address or network."""
    try:
        return TrustedProxies(_listed(settings.trusted_proxies))
    except ValueError as error:
        raise SettingsError(f"WATTOS_TRUSTED_PROXIES: {error}") from None


def jwt_secret(settings: Settings) -> bytes:
    """Return the secret that signs tokens; SettingsError saying where to put it when there is none."""
    if settings.jwt_secret is not None:
        return settings.jwt_secret.get_secret_value().encode()
    if settings.jwt_secret_file is None:
        raise SettingsError(
            "JWT_SECRET: the gateway needs it, or WATTOS_JWT_SECRET_FILE naming a file with it"
        )
    try:
        return settings.jwt_secret_file.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"WATTOS_JWT_SECRET_FILE: {settings.jwt_secret_file}: {error.strerror}") from None


class BodyLimits:
    """The largest body per route, in bytes: uploads, the model API, everything else."""

    def __init__(self, table: RouteTable, settings: Settings) -> None:
        self._table = table
        self._json = settings.body_limit_bytes
        self._model = settings.llm_body_limit_bytes
        self._upload = settings.upload_limit_bytes

    def __call__(self, method: str, path: str) -> int:
        """Return the limit for this request; an unknown route has the smallest."""
        route = (self._table.find(path) or {}).get(method)
        if route is None:
            return self._json
        if route.streams is Streams.BODY:
            return self._upload
        return self._model if route.limit is LimitClass.MODEL else self._json


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
