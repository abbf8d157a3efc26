"""After the answer: the audit row. Before it: the headers every answer bears."""

from collections.abc import Callable, Iterable

from starlette.types import Scope

from wattos_platform.kernel.exchange import Exchange
from wattos_platform.kernel.resilience.degrade import Degradation
from wattos_platform.services.gateway.domain.audit import CLIENT_GONE, AuditRecord
from wattos_platform.services.gateway.domain.cors import CorsPolicy
from wattos_platform.services.gateway.domain.headers import SECURITY_HEADERS
from wattos_platform.services.gateway.ports import AuditLog
from wattos_platform.services.gateway.request_record import record_of


class Accounting:
    """The two hooks that the kernel calls around every request of the public listener."""

    def __init__(
        self, audit: AuditLog, cors: CorsPolicy, clock: Callable[[], float], unaudited: Degradation
    ) -> None:
        self._audit = audit
        self._unaudited = unaudited
        self._cors = cors
        self._clock = clock
        self._without_origin = (*SECURITY_HEADERS, *cors.answer_headers(None))

    def answer_headers(self, scope: Scope) -> Iterable[tuple[bytes, bytes]]:
        """Return security, CORS and rate-limit fields, for errors as for answers.

        An answer whose audit row will have to wait says so: it is given without the audit log.
        """
        fields = self._without_origin
        for name, value in scope["headers"]:
            if name == b"origin":
                fields = (*SECURITY_HEADERS, *self._cors.answer_headers(value))
        record = record_of(scope)
        if record is None:
            return fields
        if self._audit.is_behind():
            self._unaudited.went_without("the database takes no rows")
        else:
            self._unaudited.recovered()
        return (*fields, *record.limit_headers)

    def answered(self, scope: Scope, exchange: Exchange, took_s: float) -> None:
        """Keep an audit record of a request that found its route, refused ones too."""
        record = record_of(scope)
        if record is None or record.route is None:
            return
        identity = record.identity
        left = exchange.gone and not exchange.complete
        row = AuditRecord(
            at=self._clock() - took_s,
            tenant="" if identity is None else identity.tenant,
            user="" if identity is None else identity.user,
            credential_id=record.credential_id,
            method=record.route.method,
            route=record.route.path,
            status=CLIENT_GONE if left or not exchange.status else exchange.status,
            duration_ms=round(took_s * 1000, 3),
            request_id=exchange.context.request_id,
        )
        self._audit.record(row)
