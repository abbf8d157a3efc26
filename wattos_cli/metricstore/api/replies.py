"""Answers of the API as they travel; imports nothing that a process needs only to evaluate."""

import json
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and JSON body of an answer."""

    status: HTTPStatus
    body: bytes


def error(status: HTTPStatus, kind: str, message: str) -> Reply:
    """Return an answer other than success, in Prometheus' shape."""
    document = {"status": "error", "errorType": kind, "error": message}
    return Reply(status, json.dumps(document, ensure_ascii=False).encode())
