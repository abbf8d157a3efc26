"""Series and samples in the shape in which the store takes and gives them."""

from collections.abc import Mapping
from pathlib import Path

from wattos_cli.metricstore.series import Labels, Matcher, is_stale
from wattos_cli.metricstore.store.reader import Reader

NEVER_MS = 2**62


def labels(name: str, **more: str) -> Labels:
    """Return the labels of a series called `name`."""
    return tuple(sorted({"__name__": name, **more}.items()))


def stored(
    folder: Path, *matchers: Matcher, start_ms: int = 0, end_ms: int = NEVER_MS
) -> Mapping[str, list[object]]:
    """Return what a new reader finds: per series, as text, (time, value) pairs; "stale" for the marker."""
    return {
        " ".join(value if name == "__name__" else f"{name}={value}" for name, value in series.labels): [
            (time, "stale" if is_stale(value) else value)
            for time, value in zip(series.times_ms, series.values, strict=True)
        ]
        for series in Reader(folder).select(matchers, start_ms, end_ms)
    }
