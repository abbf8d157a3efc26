"""What the supervisor and the process that evaluates say to each other, over a socket.

A request is its length and JSON of path and parameters; an answer is status, length and body.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from wattos_cli.metricstore.api.replies import Reply

Parameters = Mapping[str, Sequence[str]]

REQUEST = struct.Struct("<I")
ANSWER = struct.Struct("<HI")


def request(path: str, parameters: Parameters) -> bytes:
    """Return a request as it is sent."""
    content = json.dumps([path, parameters]).encode()
    return REQUEST.pack(len(content)) + content


def parsed(content: bytes) -> tuple[str, Parameters]:
    """Return path and parameters of a request without its length."""
    path, parameters = json.loads(content)
    return path, parameters


def answer(reply: Reply) -> bytes:
    """Return an answer as it is sent."""
    return ANSWER.pack(reply.status, len(reply.body)) + reply.body


def head_of_answer(head: bytes) -> tuple[HTTPStatus, int]:
    """Return status and length of the answer that begins with `head`."""
    status, size = ANSWER.unpack(head)
    return HTTPStatus(status), size
