"""The gateway's composition root."""

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from wattos_platform.kernel.db.retention import DAY_S, Kept, Retention
from wattos_platform.kernel.error_shapes import MODEL_API
from wattos_platform.kernel.ids import uuid7
from wattos_platform.kernel.reload import Applied, reload_route
from wattos_platform.kernel.runtime import Runtime
from wattos_platform.kernel.service import ServiceApp, ServiceSpec, build_service
from wattos_platform.services.gateway.accounting import Accounting
from wattos_platform.services.gateway.adapters.audit import DatabaseAuditLog
from wattos_platform.services.gateway.adapters.credentials import DatabaseCredentials
from wattos_platform.services.gateway.admin import TokenEndpoints
from wattos_platform.services.gateway.admission import Admission
from wattos_platform.services.gateway.authentication import Authenticator
from wattos_platform.services.gateway.configuration import (
    BodyLimits,
    cors_policy,
    jwt_secret,
    limit_plan,
    trusted_proxies,
)
from wattos_platform.services.gateway.domain.matching import RouteTable
from wattos_platform.services.gateway.domain.routes import ROUTES
from wattos_platform.services.gateway.domain.tokens import TokenCodec
from wattos_platform.services.gateway.proxy import Proxy
from wattos_platform.services.gateway.router import GatewayRouter
from wattos_platform.services.gateway.routes import AuditEndpoint
from wattos_platform.services.gateway.tokens import CredentialService

# An expired credential is listed for a while, so that people see why it stopped working.
_CREDENTIALS_KEPT_S = 30 * DAY_S


def create_app(runtime: Runtime) -> ServiceApp:
    """Return the gateway; SettingsError when secrets, rates, origins or proxies are not valid."""
    settings, clock = runtime.settings, runtime.clock
    database = runtime.require_database()
    credentials = DatabaseCredentials(database)
    dropped = runtime.metrics.counter("db_rows_dropped_total")
    audit = DatabaseAuditLog(database, runtime.monotonic, dropped)
    codec = TokenCodec(jwt_secret(settings), settings.jwt_issuer, settings.jwt_audience, clock)
    authenticator = Authenticator(codec, credentials, clock, runtime.monotonic)
    credential_service = CredentialService(
        credentials, codec, authenticator, clock=clock, random_bytes=os.urandom, new_id=uuid7
    )
    cors = cors_policy(settings)
    table = RouteTable(ROUTES)
    admission = Admission(
        authenticator,
        runtime.limiter,
        limit_plan(settings, runtime.config),
        trusted_proxies(settings),
        meter=runtime.metrics,
    )
    router = GatewayRouter(
        table,
        admission,
        Proxy(runtime.hops),
        cors=cors,
        own={"/api/v1/audit": AuditEndpoint(audit)},
        extra_deadline_s=max(0, settings.stream_deadline_ms - settings.deadline_ms) / 1000,
    )
    unaudited = runtime.degradations.of("audit", "Answering while the audit log takes no rows.")
    accounting = Accounting(audit, cors, clock, unaudited)
    return build_service(
        runtime,
        ServiceSpec(
            routes=[router],
            lifespan=[_retention(runtime, credentials, audit).running],
            admin_routes=[
                *TokenEndpoints(credential_service, clock).routes(),
                reload_route(runtime, lambda config: _reload(runtime, admission, config)),
            ],
            error_shapes=MODEL_API,
            identity_required=False,
            body_limit=BodyLimits(table, settings),
            answer_headers=accounting.answer_headers,
            on_answered=accounting.answered,
        ),
    )


def _retention(runtime: Runtime, credentials: DatabaseCredentials, audit: DatabaseAuditLog) -> Retention:
    """Return what forgets expired credentials and old audit rows."""
    return Retention(
        [
            Kept("credentials", _CREDENTIALS_KEPT_S, credentials.purge),
            Kept("audit", runtime.settings.audit_retention_days * DAY_S, audit.purge),
        ],
        clock=runtime.clock,
        sleep=asyncio.sleep,
        log=runtime.log,
    )


def _reload(runtime: Runtime, admission: Admission, config: Mapping[str, Any]) -> Applied:
    """Use the limits of `config`; SettingsError, and nothing changed, if they are wrong."""
    plan = limit_plan(runtime.settings, config)
    if plan == admission.plan:
        return Applied([])
    admission.replace_plan(plan)
    return Applied(["limits"])
