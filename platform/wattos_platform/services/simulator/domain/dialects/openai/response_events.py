"""The events of a streamed response, each with its type as its name and a number of its own."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer
from wattos_platform.services.simulator.domain.dialects.openai import response_items
from wattos_platform.services.simulator.domain.reply import Event, Head


def events(
    head: Head, answer: Answer, begun: Mapping[str, Any], finished: Mapping[str, Any]
) -> Iterator[Event]:
    """Yield all events; `begun` and `finished` are the response before and after."""
    numbers = count()
    yield _event(numbers, "response.created", {"response": begun})
    yield _event(numbers, "response.in_progress", {"response": begun})
    output_index = 0
    if answer.tokens.reasoning:
        item = {"output_index": output_index, "item": response_items.reasoning(head)}
        yield _event(numbers, "response.output_item.added", item, content=True)
        yield _event(numbers, "response.output_item.done", item, content=True)
        output_index += 1
    told = _text(numbers, head, answer, output_index)
    if answer.call is not None:
        told = _function_call(numbers, head, answer, output_index)
    yield from told
    yield _event(numbers, f"response.{finished['status']}", {"response": finished})


def _text(numbers: Iterator[int], head: Head, answer: Answer, output_index: int) -> Iterator[Event]:
    empty, part = response_items.text_part(""), response_items.text_part(answer.content)
    at = {"output_index": output_index}
    inside = {"item_id": f"msg_{head.id}", **at, "content_index": 0}
    item = response_items.message(head, [], "in_progress")
    yield _event(numbers, "response.output_item.added", {**at, "item": item}, content=True)
    yield _event(numbers, "response.content_part.added", {**inside, "part": empty}, content=True)
    for word in answer.text:
        yield _event(
            numbers, "response.output_text.delta", {**inside, "delta": word, "logprobs": []}, tokens=1
        )
    done = {**inside, "text": answer.content, "logprobs": []}
    yield _event(numbers, "response.output_text.done", done, content=True)
    yield _event(numbers, "response.content_part.done", {**inside, "part": part}, content=True)
    item = response_items.message(head, [part])
    yield _event(numbers, "response.output_item.done", {**at, "item": item}, content=True)


def _function_call(numbers: Iterator[int], head: Head, answer: Answer, output_index: int) -> Iterator[Event]:
    call = answer.call
    if call is None:
        return
    at = {"output_index": output_index}
    inside = {"item_id": f"fc_{head.id}", **at}
    item = response_items.function_call(head, call, "", "in_progress")
    yield _event(numbers, "response.output_item.added", {**at, "item": item}, content=True)
    for piece in call.pieces:
        yield _event(numbers, "response.function_call_arguments.delta", {**inside, "delta": piece}, tokens=1)
    arguments = "".join(call.pieces)
    done = {**inside, "name": call.name, "arguments": arguments}
    yield _event(numbers, "response.function_call_arguments.done", done, content=True)
    item = response_items.function_call(head, call, arguments)
    yield _event(numbers, "response.output_item.done", {**at, "item": item}, content=True)


def _event(
    numbers: Iterator[int], kind: str, data: Mapping[str, Any], *, tokens: int = 0, content: bool = False
) -> Event:
    numbered = {"type": kind, "sequence_number": next(numbers), **data}
    return Event(numbered, kind, tokens, content or tokens > 0)
