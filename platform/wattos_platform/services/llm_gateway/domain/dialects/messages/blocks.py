"""Messages made of content blocks as the messages of a chat request."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

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

_ROLES = frozenset({"user", "assistant", "system"})
# What a model thought in an earlier turn has no place in a chat.
_PASSED_OVER = frozenset({"thinking", "redacted_thinking"})
_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_encode = msgspec.json.Encoder().encode


def messages_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return `system` and `messages` as a chat's messages; Refusal that names the wrong block."""
    conversation = Conversation()
    if body.get("system") is not None:
        conversation.say("system", [_text_only(block, at) for at, block in _blocks(body, "system")])
    listed = fields.objects(body, "messages")
    if listed is None:
        raise missing("messages")
    if not 0 < len(listed) <= MOST_MESSAGES:
        raise wrong("messages", f"must be a list of 1 to {MOST_MESSAGES} messages")
    for at, message in listed:
        role = fields.choice(message, "role", _ROLES, at)
        if role is None:
            raise missing(f"{at}.role")
        _read(conversation, role, message, at)
    return conversation.messages


def _read(conversation: Conversation, role: str, message: Mapping[str, Any], at: str) -> None:
    """Add one message: its words in one piece; what tools gave back comes before the user's words."""
    blocks = _blocks(message, "content", at)
    if not blocks:
        raise wrong(f"{at}.content", "must not be empty")
    parts: list[Part] = []
    tools = 0
    for where, block in blocks:
        kind = fields.name(block, "type", where)
        if (role, kind) in _TOOLS:
            tools += 1
            _TOOLS[role, kind](conversation, block, where)
        elif kind not in _PASSED_OVER:
            parts.append(_part(block, kind, where))
    if parts or not tools:
        conversation.say(role, parts)


def _blocks(holder: Mapping[str, Any], name: str, at: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return content blocks with their names; a text alone is one block."""
    full = fields.path(at, name)
    if isinstance(holder.get(name), str):
        return [(full, {"type": "text", "text": holder[name]})]
    blocks = fields.objects(holder, name, at)
    if blocks is None:
        raise missing(full)
    return blocks


def _text_only(block: Mapping[str, Any], at: str) -> Part:
    if block.get("type") != "text":
        raise wrong(f"{at}.type", "must be text")
    return text_part(fields.needed_text(block, "text", at))


def _call(conversation: Conversation, block: Mapping[str, Any], at: str) -> None:
    arguments = fields.mapping(block, "input", at)
    if arguments is None:
        raise missing(f"{at}.input")
    call_id, name = fields.name(block, "id", at), fields.name(block, "name", at)
    conversation.call(call_id, name, _encode(arguments).decode())


def _result(conversation: Conversation, block: Mapping[str, Any], at: str) -> None:
    content = [] if block.get("content") is None else _blocks(block, "content", at)
    parts = [_part(inner, fields.name(inner, "type", where), where) for where, inner in content]
    conversation.result(fields.name(block, "tool_use_id", at), parts)


def _part(block: Mapping[str, Any], kind: str, at: str) -> Part:
    read = _PARTS.get(kind)
    if read is None:
        raise fields.unsupported(
            f"{at}.type", f"blocks of type {kind[:40]} cannot be told to a chat model here."
        )
    return read(block, at)


def _image(block: Mapping[str, Any], at: str) -> Part:
    source, where = _source(block, at)
    if source.get("type") == "url":
        return image_part(fields.name(source, "url", where))
    if source.get("type") != "base64":
        raise fields.unsupported(f"{where}.type", "send the picture as base64 or name its url.")
    media_type = fields.choice(source, "media_type", _PICTURES, where)
    if media_type is None:
        raise missing(f"{where}.media_type")
    return image_part(f"data:{media_type};base64,{fields.name(source, 'data', where)}")


def _document(block: Mapping[str, Any], at: str) -> Part:
    source, where = _source(block, at)
    data_of = {"text": "", "base64": "application/pdf"}
    media_type = data_of.get(str(source.get("type")))
    if media_type is None:
        raise fields.unsupported(f"{where}.type", "send the document as text or as a PDF in base64.")
    data = fields.name(source, "data", where)
    if not media_type:
        return text_part(data)
    return file_part(f"data:{media_type};base64,{data}", fields.text(block, "title", at) or "document.pdf")


def _source(block: Mapping[str, Any], at: str) -> tuple[dict[str, Any], str]:
    source = fields.mapping(block, "source", at)
    if source is None:
        raise missing(f"{at}.source")
    return source, f"{at}.source"


_TOOLS: dict[tuple[str, str], Callable[[Conversation, Mapping[str, Any], str], None]] = {
    ("assistant", "tool_use"): _call,
    ("user", "tool_result"): _result,
}
_PARTS: dict[str, Callable[[Mapping[str, Any], str], Part]] = {
    "text": _text_only,
    "image": _image,
    "document": _document,
}
