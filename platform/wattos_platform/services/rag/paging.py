"""Pages of lists."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from wattos_platform.contracts.search import DocumentView, SpaceView
from wattos_platform.kernel.answers import json_answer
from wattos_platform.kernel.cursors import PageQuery, cursor_behind, cursor_position


class Page(PageQuery):
    """Query parameters of a list."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50

    @property
    def after(self) -> str:
        """The id behind which the page begins, "" for the first; 422 for a cursor not of ours."""
        return "" if self.cursor is None else str(cursor_position(self.cursor, str)[0])


def listed(items: Sequence[SpaceView | DocumentView], limit: int) -> Response:
    """Return the first `limit` items as a page; one item more than that says that there is a next one."""
    page = items[:limit]
    cursor = cursor_behind(page[-1].id) if len(items) > limit else None
    return json_answer({"items": [item.model_dump() for item in page], "next_cursor": cursor})
