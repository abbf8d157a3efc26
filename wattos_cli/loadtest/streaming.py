"""When the tokens of a stream came: time to first token, and the gaps between those after it."""

from dataclasses import dataclass, field

_MS = 1000.0


@dataclass(slots=True)
class Tokens:
    """The tokens of one stream that was asked for at `began_s`; times are of one monotonic clock.

    A gap lies between two lines that brought tokens, however many each brought: so long a reader waited.
    """

    began_s: float
    count: int = 0
    ttft_ms: float | None = None
    itl_ms: list[float] = field(default_factory=list)
    _last_s: float = 0.0

    def came(self, count: int, at_s: float) -> None:
        """Note that a line which arrived at `at_s` brought `count` tokens."""
        if self.ttft_ms is None:
            self.ttft_ms = (at_s - self.began_s) * _MS
        else:
            self.itl_ms.append((at_s - self._last_s) * _MS)
        self.count += count
        self._last_s = at_s
