"""A chat completion request as its sender meant it, or the refusal that names the wrong field."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from pydantic import ValidationError

from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain import fields
from wattos_platform.services.llm_gateway.domain.refusals import missing, wrong

CONTEXT_FIELD = "wattos_context"
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
MOST_MESSAGES = 2048
_MOST_PASSAGES = 64
_LONGEST_PASSAGE = 100_000
_LONGEST_MODEL = 256
NUMBERS: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_COUNTS: Mapping[str, tuple[int, int]] = {
    "max_tokens": (1, 10_000_000),
    "max_completion_tokens": (1, 10_000_000),
    "n": (1, 128),
}


class ChatRequest(msgspec.Struct, frozen=True):
    """`body` is what the caller sent, unknown fields included, without `wattos_context`.

    `raw` is the JSON that `body` was decoded from, if it is at hand: what needs no change is passed on as it
    came. Leave it empty for a body that was made or changed here. `dialect` names what the caller spoke;
    `asked` is the request in that dialect where it is not chat, for answers that repeat parts of it and for
    providers that speak the same.
    """

    body: Mapping[str, Any]
    model: str
    messages: Sequence[Mapping[str, Any]]
    stream: bool
    include_usage: bool
    passages: Sequence[Passage]
    raw: bytes = b""
    dialect: str = "chat"
    asked: Mapping[str, Any] = msgspec.field(default_factory=dict)

    @property
    def max_tokens(self) -> int | None:
        """Return the caller's limit of answer tokens, under either of its names."""
        found = self.body.get("max_completion_tokens")
        return found if found is not None else self.body.get("max_tokens")

    def questions(self) -> list[str]:
        """Return the texts of the user's messages, oldest first."""
        return [text_of(message) for message in self.messages if message["role"] == "user"]


def parse_chat(body: Any, raw: bytes = b"") -> ChatRequest:
    """Return `body` (decoded JSON) as a request; Refusal 400 that names the first wrong field.

    `raw` is the JSON itself, where it may pass as it came. Fields that this gateway does not know are kept
    for the provider; those it knows must be right.
    """
    body = fields.whole(body)
    model = model_of(body)
    messages = _messages(body)
    for name in body:
        if name in NUMBERS:
            fields.number(body, name, *NUMBERS[name])
        elif name in _COUNTS:
            fields.count(body, name, *_COUNTS[name])
    stream = bool(fields.flag(body, "stream"))
    include_usage = fields.include_usage(body, stream=stream)
    _check_tools(body)
    _check_response_format(body)
    passages: Sequence[Passage] = ()
    if CONTEXT_FIELD in body:
        passages = _passages(body[CONTEXT_FIELD])
        body = {name: value for name, value in body.items() if name != CONTEXT_FIELD}
    return ChatRequest(body, model, messages, stream, include_usage, passages, raw)


def model_of(body: Mapping[str, Any]) -> str:
    """Return the requested model's name; Refusal if there is none or it is no name."""
    model = body.get("model")
    if model is None:
        raise missing("model")
    if not isinstance(model, str) or not 0 < len(model) <= _LONGEST_MODEL or not model.isprintable():
        raise wrong("model", "must be the name of a model")
    return model


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message, its text parts joined."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")


def _messages(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    messages = body.get("messages")
    if messages is None:
        raise missing("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= MOST_MESSAGES:
        raise wrong("messages", f"must be a list of 1 to {MOST_MESSAGES} messages")
    for number, message in enumerate(messages):
        _check_message(number, message)
    return messages


def _check_message(number: int, message: Any) -> None:
    if not isinstance(message, dict):
        raise wrong(f"messages[{number}]", "must be an object")
    role, content = message.get("role"), message.get("content")
    if isinstance(role, str) and role in ROLES and isinstance(content, str):
        return
    where = f"messages[{number}]"
    if not isinstance(role, str) or role not in ROLES:
        raise wrong(f"{where}.role", f"must be one of {', '.join(sorted(ROLES))}")
    if content is None:
        if role == "assistant" and (message.get("tool_calls") or message.get("function_call")):
            return
        raise missing(f"{where}.content")
    if not isinstance(content, list) or not content:
        raise wrong(f"{where}.content", "must be text or a list of parts")
    for place, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise wrong(f"{where}.content[{place}]", "must be an object with a type")
        if part["type"] == "text" and not isinstance(part.get("text"), str):
            raise wrong(f"{where}.content[{place}].text", "must be text")


def _check_tools(body: Mapping[str, Any]) -> None:
    tools = body.get("tools")
    if tools is None:
        if body.get("tool_choice") not in (None, "none", "auto"):
            raise wrong("tool_choice", "is allowed only together with tools")
        return
    if not isinstance(tools, list):
        raise wrong("tools", "must be a list")
    for number, tool in enumerate(tools):
        if not isinstance(tool, dict) or not isinstance(tool.get("type"), str):
            raise wrong(f"tools[{number}]", "must be an object with a type")


def _check_response_format(body: Mapping[str, Any]) -> None:
    wanted = body.get("response_format")
    if wanted is not None and (not isinstance(wanted, dict) or not isinstance(wanted.get("type"), str)):
        raise wrong("response_format", "must be an object with a type")


def _passages(given: Any) -> list[Passage]:
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > _MOST_PASSAGES:
        raise wrong(CONTEXT_FIELD, f"must be a list of at most {_MOST_PASSAGES} passages")
    passages: list[Passage] = []
    for number, item in enumerate(given):
        where = f"{CONTEXT_FIELD}[{number}]"
        try:
            passage = Passage.model_validate(item)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            field = ".".join([where, *(str(part) for part in first["loc"])])
            raise wrong(field, str(first["msg"])) from None
        if len(passage.text) > _LONGEST_PASSAGE:
            raise wrong(f"{where}.text", f"must not be longer than {_LONGEST_PASSAGE} characters")
        passages.append(passage)
    return passages
