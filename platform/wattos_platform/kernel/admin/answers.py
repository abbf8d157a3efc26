"""How /admin answers."""

from typing import Any

import msgspec
from starlette.responses import Response


def json_answer(body: Any) -> Response:
    """Return `body` as JSON that nobody stores."""
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), headers=headers, media_type="application/json")
