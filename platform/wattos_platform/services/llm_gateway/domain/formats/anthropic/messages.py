"""OpenAI's messages as Anthropic's system prompt and turns."""

from collections.abc import Sequence
from typing import Any

from wattos_platform.services.llm_gateway.domain.formats.honour import cannot
from wattos_platform.services.llm_gateway.domain.formats.media import inline
from wattos_platform.services.llm_gateway.domain.formats.openai_request import (
    FilePart,
    ImagePart,
    Message,
    Part,
    RefusalPart,
    TextPart,
    arguments_of,
    wrong,
)

_INSTRUCTIONS = frozenset({"system", "developer"})
_PDF = "application/pdf"


def split(model: str, messages: Sequence[Message]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the blocks of the system prompt and the turns.

    Instructions go to the system prompt wherever they stand. Turns of one role that follow each other become
    one, so that the results of parallel tool calls come together, as the API wants them.
    """
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if message.role in _INSTRUCTIONS:
            system += _blocks(model, message, where)
            continue
        role = "assistant" if message.role == "assistant" else "user"
        blocks = _turn(model, message, where)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": role, "content": blocks})
    return system, turns


def _turn(model: str, message: Message, where: str) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [_result(model, message, where)]
    if message.role == "function" or message.function_call is not None:
        raise cannot(model, f"{where}.function_call")
    if message.role == "assistant":
        return _said(model, message, where)
    return _blocks(model, message, where)


def _said(model: str, message: Message, where: str) -> list[dict[str, Any]]:
    """Return the blocks of an earlier answer: its thinking first, unchanged, or its signature is void."""
    if message.audio is not None:
        raise cannot(model, f"{where}.audio")
    blocks = [*(message.thinking_blocks or ()), *_blocks(model, message, where)]
    if message.refusal and not message.parts():
        blocks.append({"type": "text", "text": message.refusal})
    for number, call in enumerate(message.tool_calls or ()):
        arguments = arguments_of(call, f"{where}.tool_calls[{number}]")
        blocks.append({"type": "tool_use", "id": call.id, "name": call.function.name, "input": arguments})
    return blocks


def _result(model: str, message: Message, where: str) -> dict[str, Any]:
    if not message.tool_call_id:
        raise wrong(f"{where}.tool_call_id", "is required in the result of a tool")
    result = {"type": "tool_result", "tool_use_id": message.tool_call_id}
    if isinstance(message.content, str):
        return {**result, "content": message.content}
    return {**result, "content": _blocks(model, message, where)}


def _blocks(model: str, message: Message, where: str) -> list[dict[str, Any]]:
    return [_block(model, part, f"{where}.content[{at}]") for at, part in message.parts()]


def _block(model: str, part: Part, where: str) -> dict[str, Any]:
    if isinstance(part, RefusalPart):
        return {"type": "text", "text": part.refusal}
    if isinstance(part, TextPart):
        return _marked({"type": "text", "text": part.text}, part.cache_control)
    if isinstance(part, ImagePart):
        return _marked({"type": "image", "source": _image(part, where)}, part.cache_control)
    if isinstance(part, FilePart):
        return _marked({"type": "document", **_document(model, part, where)}, part.cache_control)
    raise cannot(model, where)


def _image(part: ImagePart, where: str) -> dict[str, Any]:
    found = inline(part.image_url.url, f"{where}.image_url.url")
    if found is None:
        return {"type": "url", "url": part.image_url.url}
    return {"type": "base64", "media_type": found.type, "data": found.base64}


def _document(model: str, part: FilePart, where: str) -> dict[str, Any]:
    """Return the source and title of a PDF; other files lie at OpenAI or are no documents to Anthropic."""
    found = inline(part.file.file_data, f"{where}.file.file_data") if part.file.file_data else None
    if found is None or found.type != _PDF:
        raise cannot(model, f"{where}.file")
    document: dict[str, Any] = {"source": {"type": "base64", "media_type": _PDF, "data": found.base64}}
    if part.file.filename:
        document["title"] = part.file.filename
    return document


def _marked(block: dict[str, Any], cache_control: Any) -> dict[str, Any]:
    return block if cache_control is None else {**block, "cache_control": cache_control}
