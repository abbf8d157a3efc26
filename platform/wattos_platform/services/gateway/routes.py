"""The gateway's own endpoint on the public listener: reading the audit log of one's tenant."""

from typing import Annotated, Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from wattos_platform.kernel.answers import json_answer
from wattos_platform.kernel.context import identity
from wattos_platform.kernel.cursors import PageQuery, cursor_behind, cursor_position
from wattos_platform.kernel.requests import query
from wattos_platform.kernel.timestamps import rfc3339
from wattos_platform.services.gateway.domain.audit import AuditRecord
from wattos_platform.services.gateway.ports import AuditLog


class AuditQuery(PageQuery):
    """The query string of GET /api/v1/audit."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AuditEndpoint:
    """GET /api/v1/audit: the records of the caller's tenant, newest first, page by page."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def __call__(self, request: Request) -> Response:
        """Return one page; `next_cursor` is null on the last."""
        asked = query(request, AuditQuery)
        before = int(cursor_position(asked.cursor, int)[0]) if asked.cursor is not None else None
        rows = await self._audit.page(identity().tenant, before, asked.limit + 1)
        shown = rows[: asked.limit]
        following = cursor_behind(shown[-1][0]) if len(rows) > asked.limit else None
        body = {"items": [_shown(record) for _, record in shown], "next_cursor": following}
        return json_answer(body)


def _shown(record: AuditRecord) -> dict[str, Any]:
    return record._asdict() | {"at": rfc3339(record.at)}
