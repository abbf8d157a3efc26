"""Figures of a load test as text, each with its unit."""

from collections.abc import Sequence

_S_MS = 1000.0
_TEN = 10.0
_HUNDRED = 100.0
_TOO_LONG = 1e12
_MOST_LISTED = 8


def figure(value: float | None, unit: str) -> str:
    """Return a figure with its unit: ms, share (shown in per cent), /s, USD or nothing."""
    if value is None:
        return "no sample"
    if unit == "ms":
        return time(value)
    if unit == "share":
        return share(value)
    if unit == "USD":
        return f"{value:.4g} USD"
    return f"{tick(value)}{unit}"


def time(value_ms: float | None) -> str:
    """Return a time as `0.42 ms`, `12.3 ms`, `812 ms` or `1.34 s`, `-` without one."""
    if value_ms is None:
        return "-"
    if value_ms >= _S_MS:
        return f"{digits(value_ms / _S_MS)} s"
    return f"{digits(value_ms)} ms"


def digits(value: float) -> str:
    """Return three significant digits without an exponent: `0.042`, `1.34`, `12.3`, `1,240`."""
    size = abs(value)
    if size >= _TOO_LONG:
        return f"{value:.3g}"
    if size >= _HUNDRED or value == 0:
        return f"{value:,.0f}"
    if size >= _TEN:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def tick(value: float) -> str:
    """Return a round value as short as it is: `0.5`, `20`, `1,200`."""
    return f"{value:.3g}" if abs(value) < _S_MS else digits(value)


def time_tick(value_ms: float) -> str:
    """Return a round time: `50 ms`, `2 s`."""
    return f"{tick(value_ms / _S_MS)} s" if value_ms >= _S_MS else f"{tick(value_ms)} ms"


def listed(names: Sequence[str]) -> str:
    """Return names one after another; of more than eight, how many there are beside the first."""
    left = len(names) - _MOST_LISTED
    return (
        ", ".join(names) if left <= 0 else f"{', '.join(names[:_MOST_LISTED])} and {counted(left, 'other')}"
    )


def counted(count: object, thing: str) -> str:
    """Return how many there are of a thing: `1 user`, `5 users`."""
    return f"{count} {thing}" if str(count) == "1" else f"{count} {thing}s"


def share(value: float | None) -> str:
    """Return a share as `0.4 %`, `-` without one."""
    return "-" if value is None else f"{value * _HUNDRED:.3g} %"


def change(ratio: float | None) -> str:
    """Return a ratio as the change that it is: `+10.2 %`, `-3.1 %`, `-` without one."""
    return "-" if ratio is None else f"{(ratio - 1) * _HUNDRED:+.1f} %"


def points(difference: float | None) -> str:
    """Return the difference of two shares as `+0.40 pp` (percentage points), `-` without one."""
    return "-" if difference is None else f"{difference * _HUNDRED:+.2f} pp"
