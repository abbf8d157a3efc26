"""POST /v1/completions, the one before chat."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer
from wattos_platform.services.simulator.domain.dialects.openai.chat import DONE, Chat, usage
from wattos_platform.services.simulator.domain.reply import Event, Head
from wattos_platform.services.simulator.domain.requests import (
    GenerationRequest,
    Incoming,
    mapping,
    member,
    positive,
    words_in,
)

_DEFAULT_MAX_TOKENS = 16


class Completions(Chat):
    """Text after a prompt; no tools, no JSON, at most 16 tokens unless the caller says otherwise."""

    def asked(self, call: Incoming, /) -> GenerationRequest:
        """Return what the request asks for; of several prompts the first is answered."""
        body = call.body
        prompt = member(body, "prompt", (str, list), "prompt is missing or wrong.")
        texts = [prompt] if isinstance(prompt, str) else [str(each) for each in prompt]
        return GenerationRequest(
            model=self.model(call),
            question=texts[0] if texts else "",
            prompt_tokens=words_in(texts),
            stream=body.get("stream") is True,
            max_tokens=positive(body.get("max_tokens")) or _DEFAULT_MAX_TOKENS,
            tells_usage=mapping(body.get("stream_options")).get("include_usage") is True,
        )

    def whole(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any]:
        """Return a text_completion."""
        body = _chunk(head, asked, answer.content, answer.finish)
        return {**body, "usage": usage(answer.tokens)} if answer.tells_usage else body

    def events(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Iterator[Event]:
        """Yield one chunk per token, the end, the usage if it is asked for, [DONE]."""
        for word in answer.text:
            yield Event(_chunk(head, asked, word), tokens=1, content=True)
        yield Event(_chunk(head, asked, "", answer.finish))
        if asked.tells_usage and answer.tells_usage:
            yield Event({**_chunk(head, asked, ""), "choices": [], "usage": usage(answer.tokens)})
        yield Event(DONE)


def _chunk(head: Head, asked: GenerationRequest, text: str, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": f"cmpl-{head.id}",
        "object": "text_completion",
        "created": int(head.created),
        "model": asked.model,
        "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish}],
    }
