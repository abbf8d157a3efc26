"""The words and the vectors that the simulator makes: the same for the same input, for ever."""

import hashlib
import math
import struct
from random import Random

_WORDS = (
    "answer", "model", "token", "stream", "upstream", "latency", "window", "budget", "retry", "breaker",
    "queue", "signal", "vector", "context", "source", "reader", "writer", "cluster", "replica", "gateway",
)  # fmt: skip
_HALF = 1 << 31


def words(question: str, count: int) -> tuple[str, ...]:
    """Return `count` tokens of an answer to `question`; each but the first begins with a blank."""
    rng = Random(int.from_bytes(_digest(question, 8)))  # noqa: S311 - the same words again are the point
    return tuple(
        word if number == 0 else f" {word}" for number, word in enumerate(rng.choices(_WORDS, k=count))
    )


def vector(text: str, dimensions: int) -> list[float]:
    """Return a unit vector that depends on `text` alone."""
    numbers = struct.unpack(f"<{dimensions}I", _digest(text, 4 * dimensions))
    values = [number / _HALF - 1 for number in numbers]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [value / length for value in values]


def _digest(text: str, size: int) -> bytes:
    return hashlib.shake_256(text.encode("utf-8", "surrogatepass")).digest(size)
