"""OpenAI's answer shapes, built from what was counted and said."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens of one call. `estimated` says that no provider counted them.

    `prompt` is all input: `cached` was read from the provider's cache, `cache_write` was written to it, of
    that `cache_write_1h` to be kept for an hour. `reasoning` is part of `completion`.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0
    estimated: bool = False
    cache_write: int = 0
    cache_write_1h: int = 0

    def body(self) -> dict[str, Any]:
        """Return the `usage` member of an answer."""
        prompt = {"cached_tokens": self.cached}
        if self.cache_write:
            prompt["cache_write_tokens"] = self.cache_write
        return {
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "prompt_tokens_details": prompt,
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
        }


def at_least(counted: Usage, guessed: Usage) -> Usage:
    """Return the larger of both, as an estimate."""
    return structs.replace(
        counted,
        prompt=max(counted.prompt, guessed.prompt),
        completion=max(counted.completion, guessed.completion),
        estimated=True,
    )


def usage_of(answer: Mapping[str, Any]) -> Usage | None:
    """Return what a provider counted, or None where it counted nothing it could say."""
    return counted(answer.get("usage"))


def counted(given: Any) -> Usage | None:
    """Return what the `usage` member of an answer says, or None where it says nothing."""
    if not isinstance(given, dict):
        return None
    prompt, completion = _count(given, "prompt_tokens"), _count(given, "completion_tokens")
    if not prompt and not completion:
        return None
    of_prompt, of_completion = given.get("prompt_tokens_details"), given.get("completion_tokens_details")
    return Usage(
        prompt,
        completion,
        _count(of_prompt, "cached_tokens"),
        _count(of_completion, "reasoning_tokens"),
        cache_write=_count(of_prompt, "cache_write_tokens"),
    )


def _count(given: Any, name: str) -> int:
    value = given.get(name) if type(given) is dict else None
    return value if type(value) is int and value > 0 else 0


def completion(
    answer_id: str,
    created: int,
    model: str,
    text: str,
    *,
    finish_reason: str,
    usage: Usage,
    **extra: Any,
) -> dict[str, Any]:
    """Return a whole chat completion; `extra` members follow OpenAI's own."""
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}],
        "usage": usage.body(),
        **extra,
    }


def chunk(
    answer_id: str,
    created: int,
    model: str,
    delta: Mapping[str, Any],
    finish_reason: str | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """Return one chunk of a streamed chat completion."""
    return {
        "id": answer_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish_reason}],
        **extra,
    }


def usage_chunk(answer_id: str, created: int, model: str, usage: Usage) -> dict[str, Any]:
    """Return the last chunk of a stream whose caller asked for the usage: no choices, only figures."""
    return {
        "id": answer_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": [],
        "usage": usage.body(),
    }


def has_content(chunk: Mapping[str, Any]) -> bool:
    """Return whether a chunk carries something a reader would see: text, a tool call, an end."""
    for choice in choices_of(chunk):
        delta = choice.get("delta") or {}
        if choice.get("finish_reason"):
            return True
        if any(value for name, value in delta.items() if name != "role"):
            return True
    return False


def text_of(answer: Mapping[str, Any]) -> str:
    """Return the text of a whole answer's first choice."""
    for choice in choices_of(answer):
        message = choice.get("message")
        content = message.get("content") if isinstance(message, Mapping) else None
        return content if isinstance(content, str) else ""
    return ""


def text_of_chunk(chunk: Mapping[str, Any]) -> str:
    """Return the text that a chunk adds to the first choice."""
    for choice in choices_of(chunk):
        content = (choice.get("delta") or {}).get("content")
        return content if isinstance(content, str) else ""
    return ""


def finish_reason_of(chunk: Mapping[str, Any]) -> str | None:
    """Return why the answer ended, if this chunk says so."""
    for choice in choices_of(chunk):
        if choice.get("finish_reason"):
            return str(choice["finish_reason"])
    return None


def choices_of(chunk: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the choices of an answer or a chunk, those that are objects."""
    choices = chunk.get("choices")
    return [choice for choice in choices if isinstance(choice, Mapping)] if isinstance(choices, list) else []
