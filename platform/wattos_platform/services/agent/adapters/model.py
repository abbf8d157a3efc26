"""The model gateway as a Model that may call tools."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.hops import HopClient
from wattos_platform.services.agent.domain.progress import ToolCall
from wattos_platform.services.agent.domain.records import Spent
from wattos_platform.services.agent.ports import ModelAnswer, Tool

MODEL = "default"
TIMEOUT_S = 120.0
MAX_TOKENS = 2000
_COMPLETIONS = "/v1/chat/completions"


class GatewayModel:
    """Implements Model over llm-gateway's OpenAI API."""

    def __init__(self, hop: HopClient) -> None:
        self._hop = hop

    async def ask(
        self,
        messages: Sequence[Mapping[str, Any]],
        passages: Sequence[Mapping[str, Any]] | None,
        tools: Sequence[Tool],
    ) -> ModelAnswer:
        """Return the answer; ServiceError when there is none or it cannot be understood."""
        body: dict[str, Any] = {
            "model": MODEL,
            "messages": [dict(message) for message in messages],
            "max_tokens": MAX_TOKENS,
        }
        if passages is not None:
            body["wattos_context"] = [dict(passage) for passage in passages]
        if tools:
            body["tools"] = [{"type": "function", "function": dict(tool.schema)} for tool in tools]
        data = await self._hop.json("POST", _COMPLETIONS, body, timeout_s=TIMEOUT_S, first_byte_s=TIMEOUT_S)
        try:
            return answer_of(data)
        except (KeyError, IndexError, TypeError, AttributeError):
            raise ServiceError(
                502, "upstream_malformed", "The model gateway sent something that is no answer."
            ) from None


def answer_of(data: Mapping[str, Any]) -> ModelAnswer:
    """Return what a chat completion says; KeyError, IndexError or TypeError if it is none."""
    message = data["choices"][0]["message"]
    return ModelAnswer(
        content=message.get("content") or "",
        calls=[_call_of(call) for call in message.get("tool_calls") or ()],
        model=data.get("model"),
        used_ids=[str(used["id"]) for used in data.get("wattos_citations") or ()],
        degraded=[str(name) for name in data.get("degraded") or data.get("wattos_degraded") or ()],
        spent=_spent_of(data.get("usage") or {}, data.get("wattos_cost_usd")),
    )


def _call_of(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except ValueError:
        arguments = None
    # Arguments that are no object are left to the tool to refuse, by name, so that the model can try again.
    return ToolCall(str(call["id"]), str(function["name"]), arguments if isinstance(arguments, dict) else {})


def _spent_of(usage: Mapping[str, Any], cost_usd: Any) -> Spent:
    """Return what a call cost; one whose price nobody knows counts as free, as llm-gateway's metrics say."""
    try:
        cost = Decimal(str(cost_usd or 0))
    except InvalidOperation:
        cost = Decimal(0)
    if not cost.is_finite() or cost < 0:
        cost = Decimal(0)
    return Spent(cost, int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))
