"""Pages of lists."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from wattos_platform.contracts.search import DocumentView, SpaceView
from wattos_platform.services.rag.views import cursor_behind


class Page(BaseModel):
    """Query parameters of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=200)


def listed(items: Sequence[SpaceView | DocumentView], limit: int) -> Response:
    """Return the first `limit` items as a page; one item more than that says that there is a next one."""
    page = items[:limit]
    cursor = cursor_behind(page[-1].id) if len(items) > limit else None
    return JSONResponse({"items": [item.model_dump() for item in page], "next_cursor": cursor})
