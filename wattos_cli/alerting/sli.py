"""Service level indicators: the share of bad events of all, as PromQL over counters."""

from dataclasses import dataclass
from enum import StrEnum

# Probes and the operator's own requests are no requests of users.
USERS = 'route!~"/health.*|/metrics|/admin/.*"'


class Indicator(StrEnum):
    """What an objective is about; `custom` are the queries of an OpenSLO file."""

    AVAILABILITY = "availability"
    LATENCY = "latency"
    TIME_TO_FIRST_TOKEN = "time_to_first_token"  # noqa: S105 - a token of text
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Sli:
    """Selectors of counters: all events, and those that count (`bad` ones, or the good ones)."""

    total: str
    counted: str
    bad: bool

    def events_per_s(self, span: str) -> str:
        """Return the expression of all events a second over `span`."""
        return f"sum(rate({self.total}[{span}]))"

    def error_ratio(self, span: str) -> str:
        """Return the expression of the share of bad events over `span`: NaN without any event."""
        total = self.events_per_s(span)
        share = f"(sum(rate({self.counted}[{span}])) or 0 * {total}) / {total}"
        return share if self.bad else f"1 - {share}"


def availability(service: str, routes: str | None) -> Sli:
    """Return the indicator of answers that are no fault of ours: all but 5xx."""
    matchers = _matchers(service, routes)
    return Sli(
        f"http_requests_total{{{matchers}}}", f'http_requests_total{{{matchers},status=~"5.."}}', bad=True
    )


def latency(service: str, routes: str | None, threshold_s: float) -> Sli:
    """Return the indicator of answers complete within `threshold_s`, which must be a bound of the buckets."""
    return _within("http_request_duration_seconds", _matchers(service, routes), threshold_s)


def time_to_first_token(service: str, threshold_s: float) -> Sli:
    """Return the indicator of model answers that begin within `threshold_s`, a bound of the buckets."""
    return _within("llm_time_to_first_token_seconds", f'job="{service}"', threshold_s)


def _within(family: str, matchers: str, threshold_s: float) -> Sli:
    fast = f'{family}_bucket{{{matchers},le="{float(threshold_s)}"}}'
    return Sli(f"{family}_count{{{matchers}}}", fast, bad=False)


def _matchers(service: str, routes: str | None) -> str:
    if routes is None:
        return f'job="{service}",{USERS}'
    quoted = routes.replace("\\", "\\\\").replace('"', '\\"')
    return f'job="{service}",route=~"{quoted}"'
