"""A provider's answer on its way to the caller: OpenAI's shape as bytes, and what accounting must know of it.

Bytes and not dictionaries, because an OpenAI-compatible upstream already sent them: what nobody changes is
neither decoded nor encoded again.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain import wire
from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.wire import Usage

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class ChatAnswer(msgspec.Struct):
    """A whole chat completion; `raw` is its JSON object.

    `usage` is None where the provider counted nothing. `text` is the first choice's text, for citations and
    for the estimator. `served` is the model that answered, where the name it was asked by may hide that.
    """

    raw: bytes
    usage: Usage | None
    text: str
    served: str = ""

    def body(self) -> dict[str, Any]:
        """Return `raw` decoded; ProviderFailure for what cannot be held, a number beyond all bounds."""
        return _decoded(self.raw)

    def add(self, members: dict[str, Any]) -> None:
        """Put `members` at the end of the object, without decoding what stands before them."""
        self.raw = extended(self.raw, members)


class Chunk(msgspec.Struct):
    """One chunk of a streamed chat completion; `raw` is its JSON object on one line.

    `content` says whether a reader would see something of it: text, a tool call, a refusal, an end.
    `has_choices` is False for the chunk that only bears the usage. `finish_reason` is "" until the end.
    `tells_usage` is False for one that is known to have no member `usage`, not even a null.
    `served` is the model that answers, in the first chunk that tells it, where its name may hide that.
    """

    raw: bytes
    text: str = ""
    finish_reason: str = ""
    usage: Usage | None = None
    content: bool = False
    has_choices: bool = True
    tells_usage: bool = True
    served: str = ""

    def body(self) -> dict[str, Any]:
        """Return `raw` decoded; ProviderFailure for what cannot be held, a number beyond all bounds."""
        return _decoded(self.raw)


def extended(raw: bytes, members: Mapping[str, Any]) -> bytes:
    """Return a JSON object that is not empty with `members` at its end, without decoding it."""
    return raw.rstrip()[:-1] + b"," + msgspec.json.encode(members)[1:] if members else raw


def without(raw: bytes, name: str) -> bytes:
    """Return a JSON object without its member `name`; what the others hold stays as it is written."""
    members = _members.decode(raw)
    members.pop(name, None)
    return msgspec.json.encode(members)


def _decoded(raw: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProviderFailure("unavailable", "The provider's answer cannot be read.") from error
    return body


def chunk_of(body: dict[str, Any]) -> Chunk:
    """Return the chunk whose JSON object is `body`, with everything read from it."""
    return Chunk(
        msgspec.json.encode(body),
        text=wire.text_of_chunk(body),
        finish_reason=wire.finish_reason_of(body) or "",
        usage=wire.usage_of(body),
        content=wire.has_content(body),
        has_choices=bool(body.get("choices")),
    )


def answer_of(body: dict[str, Any]) -> ChatAnswer:
    """Return the answer whose JSON object is `body`, with everything read from it."""
    return ChatAnswer(msgspec.json.encode(body), wire.usage_of(body), wire.text_of(body))
