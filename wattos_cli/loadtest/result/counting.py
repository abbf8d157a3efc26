"""What a generator counted, as the result has it: histograms whole, and their quantiles rounded."""

from typing import TypedDict

from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from wattos_cli.loadtest.measuring import interval as measured
from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.measuring.requests import Requests
from wattos_cli.loadtest.result.counted import (
    Counted,
    Distribution,
    Dumped,
    Error,
    Interval,
    Named,
    Times,
    Tokens,
)

_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


class AllTimes(TypedDict):
    """Latency always, the times of streams where there are samples."""

    latency_ms: Times
    ttft_ms: Times | UnsetType
    itl_ms: Times | UnsetType


def interval(stretch: measured.Interval) -> Interval:
    """Return a stretch of the run."""
    return Interval(
        at_s=round(stretch.at_s, 3),
        span_s=round(stretch.span_s, 3),
        users=stretch.users,
        dropped=stretch.dropped,
        requests={name: _counted(requests) for name, requests in stretch.requests.items()},
    )


def distribution(requests: Requests) -> Distribution:
    """Return how all times are distributed, those without a sample too."""
    return Distribution(
        latency=_dumped(requests.time("latency")),
        ttft=_dumped(requests.time("ttft")),
        itl=_dumped(requests.time("itl")),
    )


def named(requests: Requests) -> Named:
    """Return the requests of one name."""
    return Named(
        name=requests.name,
        requests=requests.count,
        failures=requests.failures,
        statuses=requests.statuses,
        **all_times(requests),
    )


def tokens(requests: Requests) -> Tokens | None:
    """Return what models put out, None if nothing."""
    return Tokens(requests.tokens, asdict(times(requests.pace))) if requests.tokens else None


def errors(total: measured.Interval) -> list[Error]:
    """Return the errors, the most frequent first."""
    ordered = sorted(total.errors.items(), key=lambda row: (-row[1], row[0]))
    return [Error(text, count) for text, count in ordered]


def all_times(requests: Requests) -> AllTimes:
    """Return the quantiles of each time."""
    ttft, itl = requests.time("ttft"), requests.time("itl")
    return {
        "latency_ms": times(requests.time("latency")),
        "ttft_ms": times(ttft) if ttft.count else UNSET,
        "itl_ms": times(itl) if itl.count else UNSET,
    }


def times(histogram: Histogram) -> Times:
    """Return the quantiles of a histogram."""
    quantiles = {name: rounded(histogram.quantile(share)) for name, share in _QUANTILES.items()}
    return Times(**quantiles, max=rounded(histogram.most if histogram.count else None))


def rounded(value: float | None) -> float | None:
    """Return a figure with four digits."""
    return None if value is None else float(f"{value:.4g}")


def _counted(requests: Requests) -> Counted:
    ttft, itl = requests.time("ttft"), requests.time("itl")
    return Counted(
        count=requests.count,
        failures=requests.failures,
        latency=_dumped(requests.time("latency")),
        ttft=_dumped(ttft) if ttft.count else UNSET,
        itl=_dumped(itl) if itl.count else UNSET,
    )


def _dumped(histogram: Histogram) -> Dumped:
    return Dumped(**histogram.dump())
