"""The gateway's own endpoint on the public listener: reading the audit log of one's tenant."""

from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from wattos_platform.kernel.context import identity
from wattos_platform.kernel.requests import query
from wattos_platform.kernel.timestamps import rfc3339
from wattos_platform.services.gateway.domain.audit import (
    DEFAULT_PAGE,
    MAX_PAGE,
    AuditRecord,
    decode_cursor,
    encode_cursor,
)
from wattos_platform.services.gateway.ports import AuditLog


class AuditQuery(BaseModel):
    """The query string of GET /api/v1/audit."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(default=None, max_length=64)
    limit: int = Field(default=DEFAULT_PAGE, ge=1, le=MAX_PAGE)


class AuditEndpoint:
    """GET /api/v1/audit: the records of the caller's tenant, newest first, page by page."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def __call__(self, request: Request) -> Response:
        """Return one page; `next_cursor` is null on the last."""
        asked = query(request, AuditQuery)
        before = decode_cursor(asked.cursor) if asked.cursor is not None else None
        rows = await self._audit.page(identity().tenant, before, asked.limit + 1)
        shown = rows[: asked.limit]
        following = encode_cursor(shown[-1][0]) if len(rows) > asked.limit else None
        body = {"items": [_shown(record) for _, record in shown], "next_cursor": following}
        return Response(msgspec.json.encode(body), media_type="application/json")


def _shown(record: AuditRecord) -> dict[str, Any]:
    return record._asdict() | {"at": rfc3339(record.at)}
