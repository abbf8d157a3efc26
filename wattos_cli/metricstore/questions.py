"""Every query of `wattos metrics`, in one list: what the command asks, the reference names and tests hold."""

from dataclasses import dataclass, replace

from wattos_cli.durations import duration_text

# What people and programs ask of a service; probes, scrapes and orders to it are not its work.
_WORK = 'route!~"/health.*|/metrics|/admin/.*"'
_BUCKETS = f"http_request_duration_seconds_bucket{{{_WORK}}}"
_ANSWERED = 'result=~"hit|stale"'
_LOOKED_UP = 'result=~"hit|stale|miss"'
_MODEL = "provider, model"
_RESOLUTION_S = 0.001
_CACHE = "job, cache"


@dataclass(frozen=True, slots=True)
class Question:
    """One query; `$window` in `expression` stands for the time that is looked back on."""

    name: str
    meaning: str
    expression: str

    @property
    def counts(self) -> bool:
        """Return whether it asks by how much counters grew."""
        return "increase(" in self.expression

    def over(self, window_s: float) -> str:
        """Return the expression for the last `window_s` seconds."""
        return self.expression.replace("$window", duration_text(window_s))

    def with_beginning(self, window_s: float) -> str:
        """Return the same with the sample at the beginning of the window, which a range leaves out."""
        window = duration_text(window_s + _RESOLUTION_S)
        return replace(self, expression=self.expression.replace("[$window]", f"[{window}]")).over(window_s)


def _grown(counter: str, by: str) -> str:
    """Return by how much a counter grew in the window."""
    return f"sum by ({by}) (increase({counter}[$window]))"


def _quantile(quantile: float, buckets: str, by: str) -> str:
    return f"histogram_quantile({quantile}, {_grown(buckets, f'{by}, le')})"


METRICS = frozenset(
    {
        "cache_operations_total", "circuit_breaker_state", "degraded_total", "health_check_up",
        "http_request_duration_seconds_bucket", "http_requests_in_flight", "http_requests_total",
        "llm_calls_total", "llm_cost_usd_total", "llm_time_per_output_token_seconds_count",
        "llm_time_per_output_token_seconds_sum", "llm_time_to_first_token_seconds_bucket", "llm_tokens_total",
        "up",
    }
)  # fmt: skip
"""The metrics that the questions name."""

QUESTIONS: tuple[Question, ...] = (
    Question("up", "1 for each replica that answered the last scrape", "up"),
    Question("scrapes", "the scrapes in the window", "up[$window]"),
    Question("requests", "requests answered in the window", _grown(f"http_requests_total{{{_WORK}}}", "job")),
    Question(
        "errors",
        "those answered with a status of 500 or above",
        _grown(f'http_requests_total{{{_WORK}, status=~"5.."}}', "job"),
    ),
    Question("p50_s", "half of the requests were answered within it", _quantile(0.5, _BUCKETS, "job")),
    Question("p95_s", "95 of 100 requests were answered within it", _quantile(0.95, _BUCKETS, "job")),
    Question("p99_s", "99 of 100 requests were answered within it", _quantile(0.99, _BUCKETS, "job")),
    Question("in_flight", "requests being answered now", "sum by (job) (http_requests_in_flight)"),
    Question(
        "course",
        "requests a second, step by step",
        f"sum by (job) (rate(http_requests_total{{{_WORK}}}[$window]))",
    ),
    Question("calls", "calls of a model", _grown("llm_calls_total", _MODEL)),
    Question(
        "failed_calls",
        "calls that failed, were cut off, or were left by who asked",
        _grown('llm_calls_total{outcome!~"ok|cached"}', _MODEL),
    ),
    Question("input_tokens", "tokens of prompts", _grown('llm_tokens_total{kind="prompt"}', _MODEL)),
    Question("output_tokens", "tokens of answers", _grown('llm_tokens_total{kind="completion"}', _MODEL)),
    Question("usd", "US dollars, as far as prices are known", _grown("llm_cost_usd_total", _MODEL)),
    Question(
        "ttft_p95_s",
        "95 of 100 answers had begun within it",
        _quantile(0.95, "llm_time_to_first_token_seconds_bucket", _MODEL),
    ),
    Question(
        "tokens_per_s",
        "tokens a second within a stream",
        f"{_grown('llm_time_per_output_token_seconds_count', _MODEL)}"
        f" / {_grown('llm_time_per_output_token_seconds_sum', _MODEL)}",
    ),
    Question("lookups", "look-ups in a cache", _grown(f"cache_operations_total{{{_LOOKED_UP}}}", _CACHE)),
    Question("hits", "those that it answered", _grown(f"cache_operations_total{{{_ANSWERED}}}", _CACHE)),
    Question(
        "breakers",
        "circuit breakers that are not closed",
        'max by (job, instance, name, state) (circuit_breaker_state{state!="closed"}) == 1',
    ),
    Question("dependencies", "health checks that fail", "health_check_up == 0"),
    Question(
        "degraded",
        "answers given without a dependency",
        f"{_grown('degraded_total', 'job, dependency')} > 0",
    ),
)
