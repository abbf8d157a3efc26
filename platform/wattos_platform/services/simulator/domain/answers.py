"""What the simulator answers: the same text and the same vector for the same input, for ever."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

MODELS = ("gpt-4o-mini", "gpt-4o", "llama3.2", "text-embedding-3-small")
EMBEDDING_DIMENSIONS = 1536
_WORDS = (
    "answer", "model", "token", "stream", "upstream", "latency", "window", "budget", "retry", "breaker",
    "queue", "signal", "vector", "context", "source", "reader", "writer", "cluster", "replica", "gateway",
)  # fmt: skip


def words(question: str, count: int) -> list[str]:
    """Return `count` tokens of an answer to `question`; each but the first begins with a blank."""
    rng = Random(_seed(question))  # noqa: S311 - the same words again are the point
    chosen = [rng.choice(_WORDS) for _ in range(count)]
    return [word if number == 0 else f" {word}" for number, word in enumerate(chosen)]


def vector(text: str, dimensions: int) -> list[float]:
    """Return a unit vector that depends on `text` alone."""
    rng = Random(_seed(text))  # noqa: S311 - same
    values = [rng.gauss(0, 1) for _ in range(dimensions)]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


def question_of(messages: Sequence[Any]) -> str:
    """Return the text of the last user message."""
    for message in reversed(messages):
        if isinstance(message, Mapping) and message.get("role") == "user":
            content = message.get("content")
            return content if isinstance(content, str) else str(content)
    return ""


def tokens_in(messages: Sequence[Any]) -> int:
    """Return the tokens of a prompt as the simulator counts: its words."""
    return sum(
        len(str(message.get("content") or "").split()) for message in messages if isinstance(message, Mapping)
    )


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])
