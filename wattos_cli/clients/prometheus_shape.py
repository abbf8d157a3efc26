"""Whether a result is what an answer of Prometheus' HTTP API holds; whatever answers there is not trusted."""

from collections.abc import ItemsView
from typing import Any


def has_native_histograms(result: Any) -> bool:
    """Return whether a series of `result` has a native histogram in place of a number."""
    rows = result if isinstance(result, list) else []
    return any(isinstance(row, dict) and row.keys() & {"histogram", "histograms"} for row in rows)


def is_sound(kind: str, result: Any) -> bool:
    """Return whether `result` is what Prometheus gives for its type."""
    try:
        if kind == "string":
            return isinstance(result[1], str)
        if kind == "scalar":
            samples = [result]
        else:
            samples = [
                sample
                for row in result
                for sample in (row["values"] if kind == "matrix" else [row["value"]])
                if isinstance(row["metric"].items(), ItemsView)
            ]
        return all(isinstance(time, int | float) and float(value) is not None for time, value in samples)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        return False
