"""Azure OpenAI: OpenAI's shapes with the results of a content filter.

Source: learn.microsoft.com/azure/ai-services/openai/reference.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Answer
from wattos_platform.services.simulator.domain.dialects.openai.chat import Chat
from wattos_platform.services.simulator.domain.dialects.openai.embeddings import Embeddings
from wattos_platform.services.simulator.domain.dialects.openai.provider import bearer
from wattos_platform.services.simulator.domain.reply import Event, Head
from wattos_platform.services.simulator.domain.requests import GenerationRequest, Incoming, Refusal

_SAFE = {"filtered": False, "severity": "safe"}
_PASSED = dict.fromkeys(("hate", "self_harm", "sexual", "violence"), _SAFE)
_CAUGHT = {**_PASSED, "violence": {"filtered": True, "severity": "medium"}}
_PROMPT = [{"prompt_index": 0, "content_filter_results": _PASSED}]
_CODES = {404: "DeploymentNotFound", 500: "InternalServerError", 503: "ServiceUnavailable"}


class Azure:
    """Azure's credentials and errors: the code is the status unless Azure has a word for it."""

    name = "azure"
    missing_key = Refusal(
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. "
        "Make sure to provide a valid key for an active subscription.",
    )
    blocked = Refusal(
        400,
        "The response was filtered due to the prompt triggering the simulated content management policy.",
        code="content_filter",
        param="prompt",
        details={
            "type": None,
            "status": 400,
            "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": _CAUGHT},
        },
    )

    def has_key(self, call: Incoming, /) -> bool:
        """Return whether there is an api-key, or a token of Microsoft Entra."""
        return bool(call.headers.get("api-key") or bearer(call))

    def error(self, refusal: Refusal, _head: Head, /) -> Mapping[str, Any]:
        """Return {"error": {code, message}}, with more where Azure says more."""
        error: dict[str, Any] = {
            "code": refusal.code or _CODES.get(refusal.status, str(refusal.status)),
            "message": refusal.message,
        }
        if refusal.param is not None:
            error |= {"param": refusal.param, "type": "invalid_request_error"}
        return {"error": {**error, **refusal.details}}


class AzureChat(Chat):
    """Chat completions of a deployment, or below /openai/v1 of the model in the body."""

    def model(self, call: Incoming, /) -> str:
        """Return the deployment in the path, else the model in the body."""
        return _deployment(call) or super().model(call)

    def whole(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Mapping[str, Any]:
        """Return a chat.completion with what the filter found in prompt and answer."""
        body = super().whole(head, asked, answer)
        choices = [{**choice, "content_filter_results": _found(answer)} for choice in body["choices"]]
        return {**body, "choices": choices, "prompt_filter_results": _PROMPT}

    def events(self, head: Head, asked: GenerationRequest, answer: Answer, /) -> Iterator[Event]:
        """Yield a chunk without choices, which tells of the prompt, then OpenAI's with filter results."""
        empty = {"id": "", "object": "", "created": 0, "model": "", "choices": []}
        yield Event({**empty, "prompt_filter_results": _PROMPT})
        for event in super().events(head, asked, answer):
            if isinstance(event.data, str):
                yield event
                continue
            choices = [
                {**choice, "content_filter_results": _found(answer) if choice["finish_reason"] else _PASSED}
                for choice in event.data["choices"]
            ]
            yield Event({**event.data, "choices": choices}, event.name, event.tokens, event.content)


class AzureEmbeddings(Embeddings):
    """Embeddings of a deployment, or below /openai/v1 of the model in the body."""

    def model(self, call: Incoming, /) -> str:
        """Return the deployment in the path, else the model in the body."""
        return _deployment(call) or super().model(call)


def _deployment(call: Incoming) -> str:
    """Return the deployment; Refusal 404 without the api-version that its path demands."""
    deployment = call.path.get("deployment", "")
    if deployment and not call.query.get("api-version"):
        raise Refusal(404, "Resource not found", code="404")
    return deployment


def _found(answer: Answer) -> Mapping[str, Any]:
    return _CAUGHT if answer.finish == "content_filter" else _PASSED
