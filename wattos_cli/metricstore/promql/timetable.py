"""Which samples each step of a query looks at."""

from bisect import bisect_right
from collections.abc import Sequence

Spans = Sequence[tuple[int, int]]
"""For each step the first sample of its window, and the first after it."""


class Timetable:
    """Finds for each of `moments` the samples of the `back_ms` before it, through it, the left end excluded.

    Series that were scraped together have the same times: what was found for the last one holds for the next.
    """

    def __init__(self, moments: Sequence[int], back_ms: int) -> None:
        self.moments = moments
        self.back_ms = back_ms
        self._times: Sequence[int] = ()
        self._spans: Spans = [(0, 0)] * len(moments)

    def spans(self, times_ms: Sequence[int]) -> Spans:
        """Return the window of each step among samples of `times_ms`, ascending."""
        if times_ms is not self._times and times_ms != self._times:
            lows = [bisect_right(times_ms, moment - self.back_ms) for moment in self.moments]
            highs = [bisect_right(times_ms, moment) for moment in self.moments]
            self._times, self._spans = times_ms, list(zip(lows, highs, strict=True))
        return self._spans
