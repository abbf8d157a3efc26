"""How a stream that broke off is told to a client that already has its headers."""

import msgspec

TRUNCATED = "upstream_truncated"
_MESSAGE = "The answer broke off: the service behind the gateway stopped before it was whole."


def truncation_event(path: str, request_id: str) -> bytes:
    """Return the last SSE event of a stream whose upstream died: an error, and no `[DONE]` after it."""
    error = {"message": _MESSAGE, "type": "server_error", "param": None, "code": TRUNCATED}
    if path.startswith("/v1/"):
        return b"\n\ndata: " + msgspec.json.encode({"error": error}) + b"\n\n"
    body = {"code": TRUNCATED, "message": _MESSAGE, "requestId": request_id}
    return b"\n\nevent: error\ndata: " + msgspec.json.encode(body) + b"\n\n"
