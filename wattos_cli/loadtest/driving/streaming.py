"""What both engines note of a streamed answer: when its tokens came, what it cost, why it is a failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wattos_cli.loadtest.driving.evidence import CUT_OFF, trace_id
from wattos_cli.loadtest.measuring.collector import Observed
from wattos_cli.loadtest.plan import GRACE_S

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


class NotedStream:
    """The half of Stream that is the same whoever brings the lines.

    An engine calls `_begin` when it asks, and keeps in `_line_s` when the line that it yields arrived.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._error = ""
        self._usd: float | None = None
        self.status = 0

    def token(self, count: int = 1) -> None:
        """Note that the line that was yielded last brought so many tokens."""
        self._tokens.came(count, self._line_s)

    def cost(self, usd: float) -> None:
        """Note what the stream cost."""
        self._usd = usd

    def fail(self, reason: str) -> None:
        """Note that the answer is a failure; the first reason stays."""
        self._error = self._error or reason

    def _begin(self, began_s: float) -> None:
        self._tokens = Tokens(began_s)
        self._line_s = began_s

    def _counts_cut_off(self, ended_s: float) -> bool:
        """Return whether a stream that the run's end cut off is old enough to count; then it has failed."""
        if ended_s - self._tokens.began_s < GRACE_S:
            return False
        self.fail(CUT_OFF)
        return True

    def _observed(self, ended_s: float, headers: Mapping[str, str]) -> Observed:
        tokens = self._tokens
        return Observed(
            name=self._label,
            began_s=tokens.began_s,
            latency_ms=(ended_s - tokens.began_s) * _MS,
            status=self.status,
            error=self._error,
            ttft_ms=tokens.ttft_ms,
            itl_ms=tokens.itl_ms,
            tokens=tokens.count,
            usd=self._usd,
            trace_id=trace_id(headers),
        )
