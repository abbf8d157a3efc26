"""Numbers as Prometheus writes them, which is as Go does: the fewest digits that read back."""

import math
from decimal import Decimal

_LEAST, _MOST = -4, 6
"""Powers of ten outside which there is an exponent."""


def general(value: float) -> str:
    """Return `value` as Go's %g: 0.5, 100000, 1e+06, NaN, +Inf."""
    if not math.isfinite(value):
        return _special(value)
    number = Decimal(repr(value)).normalize()
    power = number.adjusted()
    if value == 0 or _LEAST <= power < _MOST:
        return plain(value)
    mantissa, _, exponent = f"{number:e}".partition("e")
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(int(exponent)):02d}"


def plain(value: float) -> str:
    """Return `value` without an exponent, as Go's %f with the fewest digits."""
    if not math.isfinite(value):
        return _special(value)
    text = format(Decimal(repr(value)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def of_label(value: float) -> str:
    """Return `value` as OpenMetrics writes it in labels: with a point, whole or not."""
    text = general(value)
    return text if not text.lstrip("-").isdigit() else f"{text}.0"


def _special(value: float) -> str:
    return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
