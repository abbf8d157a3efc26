"""OpenAI's legacy completions: a text is continued, asked of a chat model as one message of the user's."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from wattos_platform.kernel.sse import event
from wattos_platform.services.llm_gateway.domain import fields
from wattos_platform.services.llm_gateway.domain.answers import ChatAnswer, Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import (
    CONTEXT_FIELD,
    NUMBERS,
    ChatRequest,
    model_of,
    parse_chat,
)
from wattos_platform.services.llm_gateway.domain.dialects.chat import DONE, broken_off
from wattos_platform.services.llm_gateway.domain.dialects.dialect import NO_MEMBERS
from wattos_platform.services.llm_gateway.domain.dialects.head import Head, head_of
from wattos_platform.services.llm_gateway.domain.dialects.pieces import Kind, pieces_of
from wattos_platform.services.llm_gateway.domain.refusals import missing, wrong
from wattos_platform.services.llm_gateway.domain.tokens import estimated_usage
from wattos_platform.services.llm_gateway.domain.wire import Usage, choices_of

_DEFAULT_TOKENS = 16
_MOST_TOKENS = 10_000_000
# They mean in a chat what they mean here.
_SAME = (*NUMBERS, "stop", "n", "stream", "stream_options", "seed", "user", "logit_bias", CONTEXT_FIELD)
_KNOWN = frozenset({*_SAME, "model", "prompt", "max_tokens", "suffix", "echo", "best_of", "logprobs"})
_NAMES = {"messages": "prompt", "max_completion_tokens": "max_tokens"}
_FINISH = frozenset({"stop", "length", "content_filter"})
_encode = msgspec.json.Encoder().encode


class CompletionsDialect:
    """The Dialect of POST /v1/completions."""

    name = "completions"

    def parse(self, body: Any, _raw: bytes = b"") -> ChatRequest:
        """Return `body` as a chat request; Refusal that names the wrong field."""
        body = fields.whole(body)
        fields.only(body, _KNOWN)
        model, prompt = model_of(body), _prompt(body.get("prompt"))
        for name, (low, high) in NUMBERS.items():
            fields.number(body, name, low, high)
        limit = fields.count(body, "max_tokens", 1, _MOST_TOKENS)
        _refuse(body, fields.count(body, "n", 1, 128) or 1)
        chat = {
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "max_completion_tokens": limit or _DEFAULT_TOKENS,
            **{name: body[name] for name in _SAME if name in body},
        }
        echo = prompt if fields.flag(body, "echo") else ""
        return replace(parse_chat(chat), dialect="completions", asked={"echo": echo})

    def named(self, param: str) -> str:
        """Return what this dialect calls a field of the chat request."""
        return _NAMES.get(param.partition("[")[0], param)

    def answer(self, answer: ChatAnswer, request: ChatRequest) -> bytes:
        """Return the answer as a text completion."""
        body = answer.body()
        head = head_of(body)
        head.cite(request, answer.text)
        echo = request.asked["echo"]
        choices = [
            {**shown, "text": echo + shown["text"], "finish_reason": shown["finish_reason"] or "stop"}
            for shown in map(_shown, choices_of(body))
        ]
        usage = answer.usage or estimated_usage(request, answer.text)
        return _encode({**_frame(head, choices), "usage": usage.body(), **head.extras})

    def outlet(self, request: ChatRequest) -> "CompletionsOutlet":
        """Return what writes one stream."""
        return CompletionsOutlet(request)


class CompletionsOutlet:
    """Writes one streamed answer: chunks of text, usage to who asked for it, `[DONE]`."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._echoed: set[int] = set()
        self._texts: list[str] = []
        self._head: Head | None = None

    def chunk(self, chunk: Chunk) -> bytes:
        """Return the chunk as an event, nothing for one without text or end."""
        body = chunk.body()
        head = self._noted(body)
        if self._request.passages:
            self._texts.append(chunk.text)
        choices = [shown for shown in map(_shown, choices_of(body)) if self._says(shown)]
        if not choices:
            return b""
        if not chunk.finish_reason:
            return event(_encode(_frame(head, choices)))
        head.cite(self._request, "".join(self._texts))
        return event(_encode({**_frame(head, choices), **head.extras}))

    def end(self, usage: Usage, members: Mapping[str, Any] = NO_MEMBERS) -> bytes:
        """Return the usage, if it was asked for, and the end."""
        if not self._request.include_usage:
            return DONE
        frame = _frame(self._noted({}), [])
        return event(_encode({**frame, "usage": usage.body(), **members})) + DONE

    def failure(self, message: str) -> bytes:
        """Return the error event after which nothing comes."""
        return broken_off(message)

    def _noted(self, body: Mapping[str, Any]) -> Head:
        if self._head is None:
            self._head = head_of(body)
        self._head.note(body)
        return self._head

    def _says(self, shown: dict[str, Any]) -> bool:
        """Return whether a choice says anything; the prompt comes first where it was asked for."""
        if self._request.asked["echo"] and shown["index"] not in self._echoed:
            self._echoed.add(shown["index"])
            shown["text"] = self._request.asked["echo"] + shown["text"]
        return bool(shown["text"] or shown["finish_reason"])


def _prompt(given: Any) -> str:
    if given is None:
        raise missing("prompt")
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], (str, list)):
        given = given[0]
    if isinstance(given, list) and given and all(isinstance(item, int) for item in given):
        raise fields.unsupported("prompt", "token ids cannot be sent to a chat model; send text.")
    if isinstance(given, list) and len(given) > 1:
        raise fields.unsupported(
            "prompt", "only one text per request; send the others in requests of their own."
        )
    if not isinstance(given, str):
        raise wrong("prompt", "must be text or a list of one text")
    return given


def _refuse(body: Mapping[str, Any], n: int) -> None:
    """Refuse what a chat model cannot do."""
    if body.get("suffix"):
        raise fields.unsupported("suffix", "a chat model cannot fill a gap; leave it out.")
    if body.get("logprobs") is not None:
        raise fields.unsupported("logprobs", "not in this form; /v1/chat/completions has them.")
    best_of = fields.count(body, "best_of", 1, 128)
    if best_of is not None and best_of != n:
        raise fields.unsupported("best_of", f"every answer is returned; leave it out or set it to n ({n}).")
    stop = body.get("stop")
    if stop is not None and not isinstance(stop, str):
        fields.texts(body, "stop")


def _shown(choice: Mapping[str, Any]) -> dict[str, Any]:
    finish, index = str(choice.get("finish_reason") or ""), choice.get("index")
    text = [piece.text for piece in pieces_of(choice) if piece.kind in (Kind.TEXT, Kind.REFUSAL)]
    return {
        "text": "".join(text),
        "index": index if isinstance(index, int) else 0,
        "logprobs": None,
        "finish_reason": (finish if finish in _FINISH else "stop") if finish else None,
    }


def _frame(head: Head, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": f"cmpl-{head.bare_id}",
        "object": "text_completion",
        "created": head.created,
        "model": head.model,
        "choices": choices,
    }
