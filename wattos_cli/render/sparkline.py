"""A line of bars as high as the values of a series."""

import math
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
# Of what is larger no difference can be taken.
_MOST = 1e300


def sparkline(values: Sequence[float | None], width: int) -> str:
    """Return at most `width` bars, each the mean of its share of `values`; a gap where there is no number.

    The lowest bar is the least value or 0, whichever is lower; a series that rests at 0 is a flat line.
    """
    shares = _shares(values, width)
    known = [share for share in shares if share is not None]
    low = min([0.0, *known])
    span = max(known, default=0.0) - low
    return "".join(" " if share is None else _bar(share - low, span) for share in shares)


def _bar(height: float, span: float) -> str:
    return _BARS[0] if span <= 0 else _BARS[min(int(height / span * len(_BARS)), len(_BARS) - 1)]


def _shares(values: Sequence[float | None], width: int) -> list[float | None]:
    """Return the mean of each of `width` equal parts of `values`."""
    count = min(width, len(values))
    shares: list[float | None] = []
    for place in range(count):
        part = values[place * len(values) // count : (place + 1) * len(values) // count]
        known = [
            min(max(value, -_MOST), _MOST) for value in part if value is not None and math.isfinite(value)
        ]
        shares.append(sum(value / len(known) for value in known) if known else None)
    return shares
