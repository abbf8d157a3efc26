"""The end of the kept metrics, as text without secrets, for the bundle."""

from bisect import bisect_left
from pathlib import Path
from typing import IO

from wattos_cli.metricstore.openmetrics import lines
from wattos_cli.metricstore.series import Series
from wattos_cli.metricstore.store.reader import Reader
from wattos_platform.contracts.redaction import redact

SPAN_MS = 30 * 60 * 1000
MOST_SAMPLES = 1_000_000


def write(folder: Path, out: IO[bytes], *, most_samples: int = MOST_SAMPLES) -> int:
    """Write the last half hour that is kept in `folder` to `out`, less if it has more samples than that.

    Returns the number of series; 0 when nothing is kept, and nothing is written then.
    """
    reader = Reader(folder)
    end_ms = reader.last_ms()
    if end_ms is None:
        return 0
    span_ms = SPAN_MS
    series = list(reader.select((), end_ms - span_ms, end_ms))
    while sum(len(one.times_ms) for one in series) > most_samples and span_ms > 1:
        span_ms //= 2
        series = [cut for one in series if (cut := _since(one, end_ms - span_ms)).times_ms]
    out.writelines(line.encode() for line in lines(series, lambda name, value: str(redact(value, name))))
    return len(series)


def _since(series: Series, start_ms: int) -> Series:
    begin = bisect_left(series.times_ms, start_ms)
    return Series(series.labels, series.times_ms[begin:], series.values[begin:])
