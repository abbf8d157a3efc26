"""Items of a Responses request as the messages of a chat request."""

from collections.abc import Callable, Mapping
from typing import Any

from wattos_platform.services.llm_gateway.domain import fields
from wattos_platform.services.llm_gateway.domain.chat_request import MOST_MESSAGES
from wattos_platform.services.llm_gateway.domain.dialects.conversation import (
    Conversation,
    Part,
    file_part,
    image_part,
    text_part,
)
from wattos_platform.services.llm_gateway.domain.refusals import missing, wrong

_ROLES = frozenset({"user", "assistant", "system", "developer"})
_DETAILS = frozenset({"low", "high", "auto", "original"})
_NOT_KEPT = "this gateway keeps no files; send the data itself."


def messages_of(given: Any) -> list[dict[str, Any]]:
    """Return the member `input` as messages; Refusal that names the wrong item."""
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    if not isinstance(given, list) or not 0 < len(given) <= MOST_MESSAGES:
        raise wrong("input", f"must be text or a list of 1 to {MOST_MESSAGES} items")
    conversation = Conversation()
    for number, item in enumerate(given):
        at = f"input[{number}]"
        if not isinstance(item, dict):
            raise wrong(at, "must be an object")
        _read(conversation, item, at)
    return conversation.messages


def _read(conversation: Conversation, item: Mapping[str, Any], at: str) -> None:
    kind = fields.text(item, "type", at) or "message"
    if kind == "message":
        role = fields.choice(item, "role", _ROLES, at)
        if role is None:
            raise missing(f"{at}.role")
        conversation.say(role, _parts(item, "content", at))
    elif kind == "function_call":
        call_id, name = fields.name(item, "call_id", at), fields.name(item, "name", at)
        conversation.call(call_id, name, fields.needed_text(item, "arguments", at))
    elif kind == "function_call_output":
        conversation.result(fields.name(item, "call_id", at), _parts(item, "output", at))
    elif kind == "item_reference":
        raise fields.unsupported(at, "this gateway keeps no items; send the item itself.")
    elif kind != "reasoning":  # a chat has no place for what a model thought in an earlier turn
        raise fields.unsupported(
            f"{at}.type", f"items of type {kind[:40]} cannot be told to a chat model; leave them out."
        )


def _parts(item: Mapping[str, Any], name: str, at: str) -> list[Part]:
    given = item.get(name)
    if isinstance(given, str):
        return [text_part(given)]
    listed = fields.objects(item, name, at)
    if listed is None:
        raise missing(f"{at}.{name}")
    return [_part(part, where) for where, part in listed]


def _part(part: Mapping[str, Any], at: str) -> Part:
    kind = fields.name(part, "type", at)
    if kind in _TEXTS:
        return text_part(fields.needed_text(part, _TEXTS[kind], at))
    read = _OTHERS.get(kind)
    if read is None:
        raise wrong(f"{at}.type", f"must be one of {', '.join(sorted([*_TEXTS, *_OTHERS]))}")
    return read(part, at)


def _image(part: Mapping[str, Any], at: str) -> Part:
    if part.get("file_id") is not None:
        raise fields.unsupported(f"{at}.file_id", _NOT_KEPT)
    return image_part(fields.name(part, "image_url", at), fields.choice(part, "detail", _DETAILS, at))


def _file(part: Mapping[str, Any], at: str) -> Part:
    if part.get("file_id") is not None:
        raise fields.unsupported(f"{at}.file_id", _NOT_KEPT)
    if part.get("file_url") is not None:
        raise fields.unsupported(f"{at}.file_url", "this gateway fetches nothing; send the data itself.")
    return file_part(fields.name(part, "file_data", at), fields.text(part, "filename", at) or "file")


_TEXTS = {"input_text": "text", "output_text": "text", "text": "text", "refusal": "refusal"}
_OTHERS: dict[str, Callable[[Mapping[str, Any], str], Part]] = {"input_image": _image, "input_file": _file}
