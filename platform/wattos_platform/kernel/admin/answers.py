"""How /admin answers."""

from typing import Any

from starlette.responses import Response

from wattos_platform.kernel.answers import NOT_STORED, json_answer


def admin_answer(body: Any) -> Response:
    """Return `body` as JSON that nobody stores."""
    return json_answer(body, headers=NOT_STORED)
