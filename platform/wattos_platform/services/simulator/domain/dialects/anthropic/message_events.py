"""The events of a streamed message."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer
from wattos_platform.services.simulator.domain.reply import Event

_UNFILLED: Mapping[str, Mapping[str, Any]] = {
    "thinking": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool_use": {"input": {}},
}


def events(
    message: Mapping[str, Any], blocks: list[dict[str, Any]], answer: Answer, end: Mapping[str, Any]
) -> Iterator[Event]:
    """Yield message_start, each block's start, deltas and stop, a ping after the first start, and the end.

    `message` is the message without content, `blocks` the finished content, `end` the message_delta.
    """
    yield Event({"type": "message_start", "message": message}, "message_start")
    for index, block in enumerate(blocks):
        start = {**block, **_UNFILLED[block["type"]]}
        yield _event("content_block_start", index, content_block=start)
        if index == 0:
            yield Event({"type": "ping"}, "ping")
        for delta, tokens in _deltas(block, answer):
            yield _event("content_block_delta", index, tokens, delta=delta)
        yield _event("content_block_stop", index)
    yield Event(end, "message_delta")
    yield Event({"type": "message_stop"}, "message_stop")


def _deltas(block: Mapping[str, Any], answer: Answer) -> Iterator[tuple[dict[str, Any], int]]:
    if block["type"] == "thinking":
        for thought in answer.thinking:
            yield {"type": "thinking_delta", "thinking": thought}, 1
        yield {"type": "signature_delta", "signature": block["signature"]}, 0
    elif answer.call is not None:
        yield {"type": "input_json_delta", "partial_json": ""}, 0
        for piece in answer.call.pieces:
            yield {"type": "input_json_delta", "partial_json": piece}, 1
    else:
        for word in answer.text:
            yield {"type": "text_delta", "text": word}, 1


def _event(kind: str, index: int, tokens: int = 0, **data: Any) -> Event:
    return Event({"type": kind, "index": index, **data}, kind, tokens, content=True)
