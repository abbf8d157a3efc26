"""The part of Prometheus' templates that alerts use: labels, the value, and how figures are written."""

import math
import re
from collections.abc import Callable, Mapping

_PLACE = re.compile(r"\{\{ \$(?:labels\.(\w+)|value(?: \| (\w+))?) \}\}")
_LARGE = ("k", "M", "G", "T", "P", "E", "Z", "Y")
_SMALL = ("m", "u", "n", "p", "f", "a", "z", "y")
_THOUSAND = 1000
_PER_CENT = 100


def filled(template: str, labels: Mapping[str, str], value: float) -> str:
    """Return `template` as Prometheus would fill it; a label that is not there is empty."""

    def text(match: re.Match[str]) -> str:
        if match[1]:
            return labels.get(match[1], "")
        return _WRITTEN[match[2]](value) if match[2] else f"{value:g}"

    return _PLACE.sub(text, template)


def humanize(value: float) -> str:
    """Return four significant digits with a metric prefix: 1234 is `1.234k`."""
    if value == 0 or not math.isfinite(value):
        return f"{value:.4g}"
    prefix = ""
    if abs(value) >= 1:
        for each in _LARGE:
            if abs(value) < _THOUSAND:
                break
            prefix, value = each, value / _THOUSAND
    else:
        for each in _SMALL:
            if abs(value) >= 1:
                break
            prefix, value = each, value * _THOUSAND
    return f"{value:.4g}{prefix}"


def humanize_duration(value: float) -> str:
    """Return seconds as `1.5s`, `4m 0s`, `2h 5m 0s`, `250ms`."""
    if not math.isfinite(value) or abs(value) < 1:
        return f"{humanize(value)}s"
    sign, whole = ("-" if value < 0 else ""), int(abs(value))
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{sign}{days}d {hours}h {minutes}m {seconds}s"
    if hours:
        return f"{sign}{hours}h {minutes}m {seconds}s"
    return f"{sign}{minutes}m {seconds}s" if minutes else f"{value:.4g}s"


def humanize_percentage(value: float) -> str:
    """Return a share as `12.5%`."""
    return f"{value * _PER_CENT:.4g}%"


_WRITTEN: Mapping[str, Callable[[float], str]] = {
    "humanize": humanize,
    "humanizeDuration": humanize_duration,
    "humanizePercentage": humanize_percentage,
}
