"""Pages of lists."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from wattos_platform.contracts.search import DocumentView, SpaceView
from wattos_platform.services.rag.views import next_cursor


class Page(BaseModel):
    """Query parameters of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=200)


def listed(items: Sequence[SpaceView | DocumentView], limit: int) -> Response:
    """Return a page as JSON with the cursor of the next one."""
    cursor = next_cursor([item.id for item in items], limit)
    return JSONResponse({"items": [item.model_dump() for item in items], "next_cursor": cursor})
