"""The model gateway as chat and agent see it: whole streams, and streams that a test feeds piece by piece."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.datastructures import Headers

USAGE = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}


def piece(text: str = "", finish: str | None = None, **extra: Any) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "wattos-extractive",
        "choices": [{"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}],
        **extra,
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def answer_stream(*texts: str, used: Sequence[str] = ()) -> list[bytes]:
    last: dict[str, Any] = {"choices": [], "usage": USAGE}
    if used:
        last["wattos_citations"] = [{"id": each} for each in used]
    return [
        *(piece(text) for text in texts),
        piece(finish="stop"),
        piece(**last),
        b"data: [DONE]\n\n",
    ]


class FedModel:
    """A HopClient whose one stream yields what a test puts in; `closed`: the caller let go of it."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.opened = asyncio.Event()
        self.closed = asyncio.Event()
        self.calls = 0
        self.status = 200
        self.headers = Headers({})

    async def json(self, *_args: Any, **_kwargs: Any) -> Any:
        raise AssertionError("chat streams from the model gateway")

    @asynccontextmanager
    async def stream(self, *_args: Any, **_kwargs: Any) -> AsyncIterator["FedModel"]:
        self.calls += 1
        self.opened.set()
        try:
            yield self
        finally:
            self.closed.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        while (chunk := await self.pieces.get()) is not None:
            yield chunk

    async def read(self) -> bytes:
        return b""

    def feed(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.pieces.put_nowait(chunk)
