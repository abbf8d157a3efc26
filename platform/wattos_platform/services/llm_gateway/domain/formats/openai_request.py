"""A chat request in OpenAI's shape, typed, for the formats that say the same in other words.

Source: the OpenAI API reference, "Create chat completion".
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.chat_request import ChatRequest
from wattos_platform.services.llm_gateway.domain.context_prompt import with_passages
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure

_WHERE = re.compile(r" - at `\$\.?(.*)`$")
_BAD_REQUEST = 400


class TextPart(msgspec.Struct, tag="text"):
    """A piece of text. `cache_control` is Anthropic's addition."""

    text: str
    cache_control: Any = None


class RefusalPart(msgspec.Struct, tag="refusal"):
    """What a model said when it refused, in an earlier turn."""

    refusal: str


class ImageUrl(msgspec.Struct):
    """Where an image is: an address, or a data URL that holds it."""

    url: str


class ImagePart(msgspec.Struct, tag="image_url"):
    """An image. `cache_control` is Anthropic's addition."""

    image_url: ImageUrl
    cache_control: Any = None


class Audio(msgspec.Struct):
    """A recording in base64; `format` is wav or mp3."""

    data: str
    format: str


class AudioPart(msgspec.Struct, tag="input_audio"):
    """A recording."""

    input_audio: Audio


class File(msgspec.Struct):
    """A file as a data URL, or the id of one that lies at OpenAI."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(msgspec.Struct, tag="file"):
    """A document. `cache_control` is Anthropic's addition."""

    file: File
    cache_control: Any = None


Part = TextPart | RefusalPart | ImagePart | AudioPart | FilePart


class CalledFunction(msgspec.Struct):
    """A function that the model called; `arguments` is a JSON object as text."""

    name: str
    arguments: str = ""


class ToolCall(msgspec.Struct):
    """A call in an earlier turn. `extra_content` is where a provider keeps what it wants back."""

    function: CalledFunction
    id: str = ""
    extra_content: Any = None


class Message(msgspec.Struct):
    """One message. `reasoning_content` and `thinking_blocks` are what answers of this gateway add."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    refusal: str | None = None
    function_call: Any = None
    audio: Any = None
    reasoning_content: str | None = None
    thinking_blocks: list[dict[str, Any]] | None = None

    def parts(self) -> list[tuple[int, Part]]:
        """Return the content as parts with their places, those without text left out."""
        if isinstance(self.content, str):
            return [(0, TextPart(self.content))] if self.content else []
        parts = enumerate(self.content or ())
        return [(at, part) for at, part in parts if not isinstance(part, TextPart) or part.text]

    def text(self) -> str:
        """Return the text of the content, its text parts one below the other."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if isinstance(part, TextPart))


class Function(msgspec.Struct):
    """A function that the model may call; `parameters` is a JSON Schema."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(msgspec.Struct):
    """A tool; only those of the type `function` mean the same everywhere."""

    type: str
    function: Function | None = None


class NamedFunction(msgspec.Struct):
    """The function that must be called."""

    name: str


class ToolReference(msgspec.Struct):
    """One of the tools that may be called."""

    type: str
    function: NamedFunction | None = None


class AllowedTools(msgspec.Struct):
    """Some of the tools; `mode` is auto or required."""

    mode: str
    tools: list[ToolReference]


class ToolChoice(msgspec.Struct):
    """Which tool must be called, or which may."""

    type: str
    function: NamedFunction | None = None
    allowed_tools: AllowedTools | None = None


class NamedSchema(msgspec.Struct):
    """The JSON Schema that an answer must match."""

    schema: dict[str, Any] | None = None


class ResponseFormat(msgspec.Struct):
    """The form of an answer: text, json_object, json_schema."""

    type: str
    json_schema: NamedSchema | None = None


class OpenAIRequest(msgspec.Struct):
    """What is asked for. None stands for what was not said; zeros were."""

    messages: list[Message]
    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    tools: list[Tool] | None = None
    tool_choice: str | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    user: str | None = None
    safety_identifier: str | None = None

    @property
    def limit(self) -> int | None:
        """Return the most tokens that the answer may have, under either name."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens

    def stops(self) -> list[str]:
        """Return the texts that end the answer."""
        return [self.stop] if isinstance(self.stop, str) else list(self.stop or ())


def read(request: ChatRequest) -> OpenAIRequest:
    """Return `request` typed, its passages as prompt text; ProviderFailure `caller` names a wrong field."""
    body: Mapping[str, Any] = request.body
    if request.passages:
        body = {**body, "messages": with_passages(request.messages, request.passages)}
    try:
        return msgspec.convert(body, OpenAIRequest)
    except msgspec.ValidationError as error:
        text = str(error)
        where = _WHERE.search(text)
        raise wrong(where[1] if where else None, _WHERE.sub("", text)) from None


def wrong(param: str | None, message: str) -> ProviderFailure:
    """Return the failure of a request with a field that means nothing."""
    told = f"{param}: {message}" if param else message
    return ProviderFailure("caller", told, status=_BAD_REQUEST, code="invalid_value", param=param)


def arguments_of(call: ToolCall, where: str) -> dict[str, Any]:
    """Return the arguments of a call as an object; `where` names the call if they are none."""
    if not call.function.arguments.strip():
        return {}
    try:
        return msgspec.json.decode(call.function.arguments, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise wrong(f"{where}.function.arguments", "must be a JSON object as text") from None
