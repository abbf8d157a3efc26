"""Gemini's answers, whole and in pieces, as chat completions: they have one shape."""

from typing import Any

import msgspec

from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure, nonsense
from wattos_platform.services.llm_gateway.domain.formats import shapes
from wattos_platform.services.llm_gateway.domain.wire import Usage

FINISH_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}
# The model called a tool in a way that makes no sense; asked again, or another one, it may do better.
_BROKEN = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"})


class FunctionCall(msgspec.Struct):
    """A call of a function; `id` only from newer models."""

    name: str
    args: dict[str, Any] | None = None
    id: str | None = None


class Part(msgspec.Struct, rename="camel"):
    """A part of the content; other kinds of parts are passed over."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None


class Content(msgspec.Struct):
    """The parts of one turn; missing where nothing was said."""

    parts: list[Part] | None = None


class Candidate(msgspec.Struct, rename="camel"):
    """One answer, or what a piece of the stream adds to it."""

    content: Content | None = None
    finish_reason: str | None = None
    index: int | None = None


class Feedback(msgspec.Struct, rename="camel"):
    """Why the prompt was not answered."""

    block_reason: str | None = None


class Counted(msgspec.Struct, rename="camel"):
    """The usage; what a model thought is not among its candidates' tokens."""

    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None

    def usage(self) -> Usage | None:
        """Return the tokens as OpenAI counts them: thoughts are part of the completion."""
        prompt = (self.prompt_token_count or 0) + (self.tool_use_prompt_token_count or 0)
        thoughts = self.thoughts_token_count or 0
        completion = (self.candidates_token_count or 0) + thoughts
        if not prompt and not completion:
            return None
        return Usage(prompt, completion, self.cached_content_token_count or 0, thoughts)


class Reply(msgspec.Struct, rename="camel"):
    """A whole answer, or one event of a stream."""

    candidates: list[Candidate] | None = None
    prompt_feedback: Feedback | None = None
    usage_metadata: Counted | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: Any = None


class Said(msgspec.Struct):
    """What a candidate's parts say."""

    text: str
    thoughts: str
    calls: list[dict[str, Any]]


def said(candidate: Candidate, stamps: shapes.Stamps, *, first_call: int | None = None) -> Said:
    """Return what the candidate says; `first_call` is the number of its first tool call in a stream.

    The signature of a thought comes along with a call, where Google's own OpenAI interface has it too.
    """
    parts = (candidate.content.parts if candidate.content else None) or []
    calls: list[dict[str, Any]] = []
    for part in parts:
        if part.function_call is None:
            continue
        signature = part.thought_signature
        calls.append(
            shapes.tool_call(
                part.function_call.id or f"call_{stamps.new_id()}",
                part.function_call.name,
                part.function_call.args or {},
                index=None if first_call is None else first_call + len(calls),
                extra_content={"google": {"thought_signature": signature}} if signature else None,
            )
        )
    texts = [
        "".join(part.text or "" for part in parts if bool(part.thought) is kind) for kind in (False, True)
    ]
    return Said(texts[0], texts[1], calls)


def finish_reason(provider: str, reason: str | None, *, called: bool) -> str:
    """Return OpenAI's word for an end; ProviderFailure for an answer that its model broke."""
    if reason in _BROKEN:
        raise _broken(provider)
    found = FINISH_REASONS.get(reason or "", "stop")
    return "tool_calls" if called and found == "stop" else found


def refusal(feedback: Feedback | None) -> str | None:
    """Return what to tell of a prompt that was blocked, None for one that was not."""
    if feedback is None or feedback.block_reason is None:
        return None
    return f"The prompt was blocked: {feedback.block_reason[:80]}."


def _broken(provider: str) -> ProviderFailure:
    return nonsense(provider, "a call of a tool that makes no sense")
