"""How fast, how much and what the simulator answers, for all providers or for one."""

import math
from collections.abc import Mapping
from random import Random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_PROVIDERS = 50
Finish = Literal["stop", "length", "content_filter", "tool_calls"]
_P99_DEVIATIONS = 2.3263


class Behaviour(BaseModel):
    """PUT /simulator/behaviour. Latency is before the first byte; `tokens_per_s` 0 sets no pace."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    latency_ms: float = Field(default=0.0, ge=0, le=600_000, description="Latency; with a p99, its median.")
    latency_jitter_ms: float = Field(
        default=0.0, ge=0, le=600_000, description="Up to this much more, uniformly."
    )
    latency_p99_ms: float = Field(
        default=0.0, ge=0, le=600_000, description="99th percentile of a lognormal tail; 0 for no tail."
    )
    seed: int | None = Field(default=None, ge=0, description="Makes the sequence of latencies repeatable.")
    tokens_per_s: float = Field(
        default=0.0, ge=0, le=1_000_000, description="Pace of answers, streamed or whole."
    )
    answer_tokens: int = Field(default=20, ge=1, le=100_000, description="Tokens of a plain answer.")
    reasoning_tokens: int = Field(
        default=0, ge=0, le=100_000, description="Tokens of reasoning before the answer."
    )
    cached_tokens: int = Field(
        default=0, ge=0, le=10_000_000, description="Tokens of the prompt that were cached, at most all."
    )
    embedding_dimensions: int = Field(
        default=1536, ge=1, le=4096, description="Where the caller names no other."
    )
    usage: Literal["always", "never"] = Field(
        default="always", description="`never` is a provider that keeps its counts to itself."
    )
    finish_reason: Finish | None = Field(
        default=None, description="Told instead of the true one; content_filter has each provider's word."
    )
    tool_call: str | None = Field(
        default=None, max_length=200, description="Tool to call when it is offered; `first` for any."
    )
    require_key: bool = Field(default=False, description="Requests without a key get the provider's refusal.")

    @model_validator(mode="after")
    def _tail_is_a_tail(self) -> Self:
        if self.latency_p99_ms and not 0 < self.latency_ms <= self.latency_p99_ms:
            raise ValueError("latency_p99_ms needs a latency_ms above 0 that is not greater")
        return self

    def latency_s(self, rng: Random) -> float:
        """Return the wait before this answer, in seconds.

        Lognormal with median `latency_ms` and 99th percentile `latency_p99_ms` if that is set, plus a random
        share of the jitter.
        """
        latency_ms = self.latency_ms
        if self.latency_p99_ms:
            sigma = math.log(self.latency_p99_ms / latency_ms) / _P99_DEVIATIONS
            latency_ms = rng.lognormvariate(math.log(latency_ms), sigma)
        return (latency_ms + rng.uniform(0, self.latency_jitter_ms)) / 1000

    @property
    def pause_s(self) -> float:
        """Return the time that one token takes, in seconds."""
        return 1 / self.tokens_per_s if self.tokens_per_s else 0.0


class Behaviours:
    """The behaviour of every provider, and those that have one of their own."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.clear()

    def clear(self) -> None:
        """Let all providers behave as at the start."""
        self._default = (Behaviour(), self._rng)
        self._own: dict[str, tuple[Behaviour, Random]] = {}

    def of(self, provider: str) -> Behaviour:
        """Return how `provider` behaves."""
        return self._entry(provider)[0]

    def latency_s(self, provider: str) -> float:
        """Return the next wait of `provider`, in seconds."""
        behaviour, rng = self._entry(provider)
        return behaviour.latency_s(rng)

    def set(self, behaviour: Behaviour, provider: str = "") -> None:
        """Let `provider` behave so, "" for all without a behaviour of their own; OverflowError above 50."""
        entry = (behaviour, self._rng if behaviour.seed is None else Random(behaviour.seed))  # noqa: S311 - dice
        if not provider:
            self._default = entry
            return
        if provider not in self._own and len(self._own) >= MOST_PROVIDERS:
            raise OverflowError(f"{MOST_PROVIDERS} providers have a behaviour of their own already")
        self._own[provider] = entry

    def forget(self, provider: str) -> bool:
        """Let `provider` behave like all others again; False if it did."""
        return self._own.pop(provider, None) is not None

    @property
    def own(self) -> Mapping[str, Behaviour]:
        """Return the behaviours that concern one provider each."""
        return {provider: behaviour for provider, (behaviour, _) in self._own.items()}

    def _entry(self, provider: str) -> tuple[Behaviour, Random]:
        return self._own.get(provider, self._default)
