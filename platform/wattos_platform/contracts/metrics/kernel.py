"""Families of what every service does: it answers, asks others, keeps rows, protects itself."""

from wattos_platform.contracts.error_types import ERROR_TYPES
from wattos_platform.contracts.metrics.family import Label, MetricFamily, counter, gauge, histogram

DB_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

ERROR_TYPE = Label("error_type", values=("", *ERROR_TYPES))
# `ANY` where no route fits.
_METHOD = Label("method", values=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"))
_ROUTE = Label("route", "the templates of the service's routes; `(none)` where none fits")
_TARGET = Label(
    "target", "the services that this one asks, as `hop:NAME`, and the configured providers, as `llm:NAME`"
)
_BREAKER = Label("name", "the things that this service asks; the registry of breakers has a cap")
_STATES = ("closed", "open", "half_open", "forced_open", "disabled", "metrics_only")
_CAUSES = (
    "consecutive_failures", "failure_rate", "slow_call_rate", "retry_after", "wait_elapsed", "probes_passed",
    "probe_failed", "ttl_elapsed", "manual",
)  # fmt: skip
_OPERATION = Label("operation", values=("select", "insert", "update", "delete"))

# Services that ask siblings, those that ask anybody, and those that keep rows.
_HOPPING = ("gateway", "agent", "rag", "chat")
_ASKING = (*_HOPPING, "llm-gateway")
_KEEPING = _ASKING

HTTP = (
    counter(
        "http_requests_total", "Requests answered.", _METHOD, _ROUTE, Label("status", "HTTP's"), ERROR_TYPE
    ),
    histogram("http_request_duration_seconds", "Time from request to the last byte.", _METHOD, _ROUTE),
    gauge("http_requests_in_flight", "Requests being answered."),
    counter("http_connections_refused_total", "Connections turned away beyond `max_connections`."),
)

PROCESS = (
    gauge("build_info", "Always 1; the version of the code.", Label("version", "one")),
    gauge(
        "process_start_time_seconds",
        "When the process began to count, in Unix seconds; its modules were loaded before.",
    ),
    counter("process_cpu_seconds_total", "Processor time of the process, all its threads'.", unit="seconds"),
    gauge(
        "process_resident_memory_bytes",
        "Memory of the process that is resident, shared pages too; absent where the system has no /proc.",
        unit="bytes",
    ),
    counter(
        "log_lines_total",
        "Application log lines written.",
        Label("level", values=("debug", "info", "warning", "error", "critical")),
    ),
    gauge(
        "health_check_up",
        "1 when the dependency's check passes.",
        Label("check", "the service's health checks"),
    ),
    counter(
        "degraded_total", "Answers given without a dependency.", Label("dependency", "those declared in code")
    ),
    counter(
        "metric_label_sets_refused_total",
        "Counts under `other`: the family has too many label sets, or the value is none of the label's.",
        Label("family", "this registry"),
    ),
)

BREAKERS = (
    gauge(
        "circuit_breaker_state",
        "1 for the state the breaker is in.",
        _BREAKER,
        Label("state", values=_STATES),
    ),
    counter(
        "circuit_breaker_calls_total",
        "Calls seen by the breaker.",
        _BREAKER,
        Label("outcome", values=("success", "failure", "ignored")),
    ),
    counter("circuit_breaker_not_permitted_total", "Calls refused by the breaker.", _BREAKER),
    counter(
        "circuit_breaker_transitions_total",
        "Changes of state.",
        _BREAKER,
        Label("from", values=_STATES),
        Label("to", values=_STATES),
        Label("cause", values=_CAUSES),
    ),
    gauge(
        "circuit_breaker_failure_rate", "Share of failed calls in the window, 0 to 1.", _BREAKER, unit="ratio"
    ),
    gauge(
        "circuit_breaker_slow_call_rate", "Share of slow calls in the window, 0 to 1.", _BREAKER, unit="ratio"
    ),
)

CALLS = (
    histogram(
        "hop_duration_seconds",
        "Time until another service's answer began, or the call failed.",
        Label("target", "the services that this one asks, as `hop:NAME`"),
        Label("outcome", values=("success", "failure")),
        services=_HOPPING,
    ),
    counter(
        "retry_attempts_total",
        "Attempts after the first.",
        _TARGET,
        Label("outcome", values=("success", "failure")),
        services=_ASKING,
    ),
    counter("retry_budget_exhausted_total", "Retries refused by the budget.", _TARGET, services=_ASKING),
    gauge(
        "concurrency_limit", "Calls that may wait for their first byte at once.", _TARGET, services=_ASKING
    ),
    gauge("concurrency_in_flight", "Calls that wait for their first byte.", _TARGET, services=_ASKING),
    gauge(
        "concurrency_open",
        "Calls under way, those whose answers are being read too.",
        _TARGET,
        services=_ASKING,
    ),
    histogram(
        "concurrency_wait_seconds",
        "Time waited for a place; calls that found one are not in it.",
        _TARGET,
        buckets=DB_S,
        services=_ASKING,
    ),
    counter("shed_total", "Calls refused because too many were under way.", _TARGET, services=_ASKING),
)

LIMITS = (
    counter(
        "rate_limit_decisions_total",
        "Decisions of the rate limiter.",
        Label("limit", "the limits of the platform and of its configuration"),
        Label("decision", values=("allowed", "refused", "shadow_refused")),
        services=("gateway", "llm-gateway"),
    ),
    counter(
        "cache_operations_total",
        "Cache look-ups and writes.",
        Label("cache", "the caches of the service"),
        Label("result", values=("hit", "stale", "miss", "set", "error")),
        services=("rag", "llm-gateway"),
    ),
)

DATABASE = (
    counter(
        "db_queries_total",
        "Database statements.",
        _OPERATION,
        Label("table", "the tables of the service"),
        Label("success", values=("true", "false")),
        services=_KEEPING,
    ),
    histogram(
        "db_query_duration_seconds", "Time of one statement.", _OPERATION, buckets=DB_S, services=_KEEPING
    ),
    histogram("db_pool_wait_seconds", "Time waited for a connection.", buckets=DB_S, services=_KEEPING),
    gauge("db_write_queue_length", "Units of work waiting for the writer.", services=_KEEPING),
    gauge(
        "db_write_queue_age_seconds",
        "How long the oldest unit of work has waited for the writer; 0 when none waits.",
        unit="seconds",
        services=_KEEPING,
    ),
    counter("db_rows_dropped_total", "Lagging rows dropped because the queue was full.", services=_KEEPING),
)

KERNEL_FAMILIES: tuple[MetricFamily, ...] = (*HTTP, *PROCESS, *BREAKERS, *CALLS, *LIMITS, *DATABASE)
