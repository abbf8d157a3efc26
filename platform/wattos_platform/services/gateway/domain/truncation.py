"""How a stream that broke off is told to a client that already has its headers."""

import msgspec

from wattos_platform.kernel.error_shapes import MODEL_API, OWN, ErrorShapes, FailedRequest
from wattos_platform.kernel.errors import ServiceError

TRUNCATED = "upstream_truncated"
_MESSAGE = "The answer broke off: the service behind the gateway stopped before it was whole."
_SHAPES = ErrorShapes(MODEL_API)


def truncation_event(path: str, request_id: str) -> bytes:
    """Return the last SSE event of a stream whose upstream died: an error, and no clean end after it."""
    shape = _SHAPES.at(path)
    if shape is OWN:
        body = msgspec.json.encode({"code": TRUNCATED, "message": _MESSAGE, "requestId": request_id})
    else:
        body = shape.encode(ServiceError(502, TRUNCATED, _MESSAGE), FailedRequest(path, request_id))
    return b"\n\nevent: error\ndata: " + body + b"\n\n"
