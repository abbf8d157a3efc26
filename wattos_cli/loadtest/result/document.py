"""What reports show: the result with its histograms turned into figures, and units beside the thresholds."""

from typing import Any

import msgspec

from wattos_cli.errors import WattosError
from wattos_cli.loadtest.judging.thresholds import parse
from wattos_cli.loadtest.measuring.requests import TIMES
from wattos_cli.loadtest.result.bins import bins
from wattos_cli.loadtest.result.shape import Held, Result
from wattos_cli.loadtest.result.timeline import timeline


def document(result: Result) -> dict[str, Any]:
    """Return plain values: all that the result has, `intervals` and `distribution` as `timeline` and `bins`.

    Every threshold has `limit` and `unit` (ms, share, /s, USD or nothing) in addition.
    """
    bare = msgspec.structs.replace(result, intervals=[], distribution=None)
    whole = result.distribution
    drawn = {name: getattr(whole, name) for name in TIMES if whole and getattr(whole, name)}
    return {
        **msgspec.to_builtins(bare),
        "thresholds": [_held(one) for one in result.thresholds],
        "timeline": timeline(result.intervals),
        "bins": {name: bins(dumped.histogram()) for name, dumped in drawn.items() if dumped.count},
    }


def _held(held: Held) -> dict[str, Any]:
    plain = {"expression": held.expression, "value": held.value, "ok": held.ok, "limit": None, "unit": ""}
    try:
        threshold = parse(held.expression)
    except WattosError:  # of a version whose grammar knew more
        return plain
    return {**plain, "limit": threshold.limit, "unit": threshold.unit}
