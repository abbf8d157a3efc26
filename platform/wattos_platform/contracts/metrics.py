"""The metric registry: every family of every service, from which exposition, docs and dashboards derive."""

from dataclasses import dataclass
from typing import Literal

LATENCY_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LLM_LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0)
OVERHEAD_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1)
DB_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


@dataclass(frozen=True, slots=True)
class MetricFamily:
    """One family; counters are named without the `_total` that the exposition adds."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = LATENCY_S
    service: str = ""


def _counter(name: str, text: str, *labels: str, service: str = "") -> MetricFamily:
    return MetricFamily(name, "counter", text, labels, service=service)


def _gauge(name: str, text: str, *labels: str, service: str = "") -> MetricFamily:
    return MetricFamily(name, "gauge", text, labels, service=service)


def _histogram(
    name: str, text: str, *labels: str, buckets: tuple[float, ...] = LATENCY_S, service: str = ""
) -> MetricFamily:
    return MetricFamily(name, "histogram", text, labels, buckets, service)


_LLM = "llm-gateway"

FAMILIES: tuple[MetricFamily, ...] = (
    _counter("http_requests_total", "Requests answered.", "method", "route", "status", "error_type"),
    _histogram("http_request_duration_seconds", "Time from request to the last byte.", "method", "route"),
    _gauge("http_requests_in_flight", "Requests being answered."),
    _counter("http_connections_refused_total", "Connections turned away beyond `max_connections`."),
    _gauge("build_info", "Always 1; the version of the code.", "version"),
    _counter("log_lines_total", "Application log lines written.", "level"),
    _counter("degraded_total", "Answers given without a dependency.", "dependency"),
    _gauge("health_check_up", "1 when the dependency's check passes.", "check"),
    _gauge("circuit_breaker_state", "1 for the state the breaker is in.", "name", "state"),
    _counter("circuit_breaker_calls_total", "Calls seen by the breaker.", "name", "outcome"),
    _counter("circuit_breaker_not_permitted_total", "Calls refused by the breaker.", "name"),
    _counter("circuit_breaker_transitions_total", "Changes of state.", "name", "from", "to", "cause"),
    _gauge("circuit_breaker_failure_rate", "Share of failed calls in the window, 0 to 1.", "name"),
    _gauge("circuit_breaker_slow_call_rate", "Share of slow calls in the window, 0 to 1.", "name"),
    _counter("retry_attempts_total", "Attempts after the first.", "target", "outcome"),
    _counter("retry_budget_exhausted_total", "Retries refused by the budget.", "target"),
    _gauge("concurrency_limit", "Calls that may wait for their first byte at once.", "target"),
    _gauge("concurrency_in_flight", "Calls that wait for their first byte.", "target"),
    _gauge("concurrency_open", "Calls under way, those whose answers are being read too.", "target"),
    _histogram(
        "concurrency_wait_seconds",
        "Time waited for a place; calls that found one are not in it.",
        "target",
        buckets=DB_S,
    ),
    _counter("shed_total", "Calls refused because too many were under way.", "target"),
    _counter("rate_limit_decisions_total", "Decisions of the rate limiter.", "limit", "decision"),
    _counter("cache_operations_total", "Cache look-ups and writes.", "cache", "result"),
    _counter("db_queries_total", "Database statements.", "operation", "table", "success"),
    _histogram("db_query_duration_seconds", "Time of one statement.", "operation", buckets=DB_S),
    _histogram("db_pool_wait_seconds", "Time waited for a connection.", buckets=DB_S),
    _gauge("db_write_queue_length", "Units of work waiting for the writer."),
    _counter("db_rows_dropped_total", "Lagging rows dropped because the queue was full."),
    _counter(
        "llm_calls_total",
        "Model calls.",
        "provider",
        "model",
        "operation",
        "outcome",
        "error_type",
        service=_LLM,
    ),
    _counter("llm_tokens_total", "Tokens counted.", "provider", "model", "kind", service=_LLM),
    _counter("llm_cost_usd_total", "Cost in US dollars.", "provider", "model", service=_LLM),
    _counter("llm_cost_unknown_total", "Calls whose price is not in the table.", "provider", service=_LLM),
    _histogram(
        "llm_call_duration_seconds",
        "Time of one model call.",
        "provider",
        "model",
        buckets=LLM_LATENCY_S,
        service=_LLM,
    ),
    _histogram(
        "llm_time_to_first_token_seconds",
        "Time from request to the first content.",
        "provider",
        "model",
        buckets=LLM_LATENCY_S,
        service=_LLM,
    ),
    _histogram(
        "llm_time_per_output_token_seconds",
        "Mean time between tokens of one stream.",
        "provider",
        "model",
        buckets=OVERHEAD_S,
        service=_LLM,
    ),
    _histogram("llm_overhead_seconds", "Time the gateway itself added.", buckets=OVERHEAD_S, service=_LLM),
    _counter("llm_fallbacks_total", "Answers given by the next provider.", "from", "to", service=_LLM),
    _gauge("embedding_queue_length", "Texts waiting for the local model.", service=_LLM),
    _counter("rag_documents_total", "Documents that ended ready or failed.", "status", service="rag"),
    _gauge("rag_jobs_queued", "Ingestion jobs waiting.", service="rag"),
    _counter("rag_searches_total", "Searches answered.", "mode", service="rag"),
    _counter("chat_messages_total", "Answers by how they ended.", "outcome", service="chat"),
    _counter("agent_runs_total", "Runs by how they ended.", "role", "status", service="agent"),
)
