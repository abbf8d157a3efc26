"""What OpenAI's shapes of messages and tools have in common; Ollama's own API borrows them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.requests import Tool, mapping, mappings


def texts_of(content: Any) -> Iterator[str]:
    """Yield the texts of a content: a string, or parts that may be images too."""
    if isinstance(content, str):
        yield content
    for part in mappings(content):
        if isinstance(part.get("text"), str):
            yield part["text"]


def texts_of_messages(messages: Iterable[Any]) -> Iterator[str]:
    """Yield every text of a conversation, the system's included."""
    for message in messages:
        if isinstance(message, Mapping):
            yield from texts_of(message.get("content"))


def question_of(messages: Iterable[Any]) -> str:
    """Return the text of the last user message."""
    question = ""
    for message in messages:
        if isinstance(message, Mapping) and message.get("role") == "user":
            question = " ".join(texts_of(message.get("content")))
    return question


def ends_with_tool_result(messages: list[Any]) -> bool:
    """Return whether the model is shown what a tool returned: then it answers instead of calling again."""
    return bool(messages) and mapping(messages[-1]).get("role") == "tool"


def functions(tools: Any) -> list[Tool]:
    """Return the functions that a caller offers as {"type": "function", "function": {...}}."""
    found = [mapping(tool.get("function")) for tool in mappings(tools)]
    return [Tool(str(each["name"]), mapping(each.get("parameters"))) for each in found if each.get("name")]


def choice(tool_choice: Any, *, named: str) -> tuple[bool, str]:
    """Return (may call, must call) for a tool_choice; a name stands below `named`, "" for on top."""
    if tool_choice == "none":
        return False, ""
    if tool_choice == "required":
        return True, "*"
    chosen = mapping(tool_choice)
    return True, str((mapping(chosen.get(named)) if named else chosen).get("name") or "")


def json_schema(response_format: Any) -> Mapping[str, Any] | None:
    """Return the schema of a response_format, {} for any JSON, None for text."""
    given = mapping(response_format)
    if given.get("type") == "json_object":
        return {}
    if given.get("type") == "json_schema":
        return mapping(mapping(given.get("json_schema")).get("schema"))
    return None
