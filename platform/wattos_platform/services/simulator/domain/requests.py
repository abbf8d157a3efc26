"""What a request asks for, whatever the provider: what each dialect makes of a body."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class Refusal(Exception):  # noqa: N818 - what a provider says, not a defect of ours
    """A request that the provider refuses; each puts it in its own error shape.

    `code` is the provider's own word for it, "" for the one it uses with this status; `param` names the
    field; `retry_after_s` is told where the provider tells it inside the body; `details` are added.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str = "",
        param: str | None = None,
        retry_after_s: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s
        self.details = dict(details or {})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came: the JSON of its body, header fields in lower case, query and path parameters."""

    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may call; `schema` is the JSON schema of its arguments."""

    name: str
    schema: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A request for text.

    `may_call` says whether the model may call one of `tools`, `must_call` names the one it has to, "" for
    none and "*" for any. `schema` is what a JSON answer must fit, {} for any JSON, None for plain text.
    `thinks` says whether a model that reasons does so for this request, `shows_thinking` whether the caller
    sees it. `tells_usage` is about streams, where some providers tell it only on request.
    """

    model: str
    question: str
    prompt_tokens: int
    stream: bool = False
    max_tokens: int | None = None
    tools: Sequence[Tool] = ()
    may_call: bool = True
    must_call: str = ""
    schema: Mapping[str, Any] | None = None
    thinks: bool = True
    shows_thinking: bool = False
    tells_usage: bool = True


@dataclass(frozen=True, slots=True)
class VectorsRequest:
    """A request for embeddings; `dimensions` is None where the caller leaves it to the model."""

    model: str
    texts: Sequence[str]
    dimensions: int | None = None
    base64: bool = False
    many: bool = True


def words_in(texts: Iterable[str]) -> int:
    """Return the tokens of a prompt as the simulator counts: its words."""
    return sum(len(text.split()) for text in texts)


def positive(value: Any) -> int | None:
    """Return a limit that a caller set, None for what is no positive whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def member(body: Mapping[str, Any], name: str, kind: type | tuple[type, ...], message: str) -> Any:
    """Return a member of the body; Refusal 400 with `message` when it is missing or of another type."""
    value = body.get(name)
    if not isinstance(value, kind):
        raise Refusal(400, message, param=name)
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """Return `value` if it is an object, else an empty one: optional members are read leniently."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a list, nothing for what is no list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
