"""Answers in JSON."""

from collections.abc import Mapping
from typing import Any

import msgspec
from pydantic import BaseModel
from starlette.responses import Response

JSON = "application/json"
# For what nobody between us and the caller may keep, such as a token.
NOT_STORED: Mapping[str, str] = {"Cache-Control": "no-store"}


def json_answer(
    body: Any, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = JSON
) -> Response:
    """Return `body` as JSON: a pydantic model under its wire names, or what msgspec encodes."""
    if isinstance(body, BaseModel):
        return Response(body.model_dump_json(by_alias=True), status, headers, media_type)
    return Response(msgspec.json.encode(body), status, headers, media_type)
