"""OpenAI's messages as Gemini's system instruction and contents."""

from collections.abc import Sequence
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.formats.honour import cannot
from wattos_platform.services.llm_gateway.domain.formats.media import inline, type_by_name
from wattos_platform.services.llm_gateway.domain.formats.openai_request import (
    AudioPart,
    FilePart,
    ImagePart,
    Message,
    Part,
    RefusalPart,
    TextPart,
    ToolCall,
    arguments_of,
    wrong,
)

_INSTRUCTIONS = frozenset({"system", "developer"})
_AUDIO = {"wav": "audio/wav", "mp3": "audio/mp3"}


def split(model: str, messages: Sequence[Message]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the parts of the system instruction and the contents.

    Instructions go to the system instruction wherever they stand. Contents of one role that follow each other
    become one: the API wants the results of parallel calls in one turn.
    """
    system: list[dict[str, Any]] = []
    contents: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for number, message in enumerate(messages):
        where = f"messages[{number}]"
        if message.role in _INSTRUCTIONS:
            system += _parts(model, message, where)
            continue
        role = "model" if message.role == "assistant" else "user"
        parts = _turn(model, message, where, names)
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        elif parts:
            contents.append({"role": role, "parts": parts})
    return system, contents


def _turn(model: str, message: Message, where: str, names: dict[str, str]) -> list[dict[str, Any]]:
    """Return the parts of one message; `names` keeps which function each call was for."""
    if message.role == "tool":
        return [_result(message, where, names)]
    if message.role == "function" or message.function_call is not None:
        raise cannot(model, f"{where}.function_call")
    parts = _parts(model, message, where)
    if message.refusal and not parts:
        parts = [{"text": message.refusal}]
    for number, call in enumerate(message.tool_calls or ()):
        names[call.id] = call.function.name
        parts.append(_call(call, f"{where}.tool_calls[{number}]"))
    return parts


def _call(call: ToolCall, where: str) -> dict[str, Any]:
    made: dict[str, Any] = {"functionCall": {"name": call.function.name, "args": arguments_of(call, where)}}
    if call.id:
        made["functionCall"]["id"] = call.id
    google = call.extra_content.get("google") if isinstance(call.extra_content, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    if signature:
        made["thoughtSignature"] = signature
    return made


def _result(message: Message, where: str, names: dict[str, str]) -> dict[str, Any]:
    name = names.get(message.tool_call_id or "") or message.name
    if not name:
        raise wrong(f"{where}.tool_call_id", "names no call of a message before it")
    response: dict[str, Any] = {"name": name, "response": _object(message.text())}
    if message.tool_call_id:
        response["id"] = message.tool_call_id
    return {"functionResponse": response}


def _object(text: str) -> dict[str, Any]:
    """Return a tool's result as the object that the API wants: as it is, or under `output`."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {"output": text}


def _parts(model: str, message: Message, where: str) -> list[dict[str, Any]]:
    return [_part(model, part, f"{where}.content[{at}]") for at, part in message.parts()]


def _part(model: str, part: Part, where: str) -> dict[str, Any]:
    if isinstance(part, TextPart):
        return {"text": part.text}
    if isinstance(part, RefusalPart):
        return {"text": part.refusal}
    if isinstance(part, ImagePart):
        return _media(part.image_url.url, f"{where}.image_url.url")
    if isinstance(part, FilePart):
        if part.file.file_data is None:
            raise cannot(model, f"{where}.file.file_id")
        return _media(part.file.file_data, f"{where}.file.file_data")
    return _recording(model, part, where)


def _recording(model: str, part: AudioPart, where: str) -> dict[str, Any]:
    kind = _AUDIO.get(part.input_audio.format)
    if kind is None:
        raise cannot(model, f"{where}.input_audio.format")
    return {"inlineData": {"mimeType": kind, "data": part.input_audio.data}}


def _media(url: str, where: str) -> dict[str, Any]:
    """Return bytes that came along as such, and an address for Gemini to read itself."""
    found = inline(url, where)
    if found is not None:
        return {"inlineData": {"mimeType": found.type, "data": found.base64}}
    kind = type_by_name(url)
    return {"fileData": {"fileUri": url, **({"mimeType": kind} if kind else {})}}
