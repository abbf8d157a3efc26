"""What to look at while a load test runs: how much comes in, how it is answered, and what gives way first."""

from wattos_cli.alerting.sli import USERS
from wattos_cli.dashboards.boards import names, red
from wattos_cli.dashboards.boards.parts import (
    graph,
    or_none,
    percentile,
    percentiles,
    rate,
    series,
    stat,
)
from wattos_cli.dashboards.model import Board, Limit, Query, Row

_GATEWAY = f'job="gateway", {USERS}'
_COUNT, _TIME = "http_requests_total", "http_request_duration_seconds"
_FIRST = "llm_time_to_first_token_seconds"

_NOW = Row(
    "Now",
    (
        red.requests_now(width=6),
        red.failed_now(width=6),
        red.latency_now(width=6),
        stat(
            "In flight",
            "Requests being answered by all services together.",
            "none",
            Query(f"sum({series('http_requests_in_flight')})", "requests"),
            width=6,
        ),
    ),
)
_LOAD = Row(
    "What comes in and how it is answered",
    (
        graph(
            "Requests at the gateway",
            "Requests a second, by status.",
            "reqps",
            Query(rate(_COUNT, "status", where=_GATEWAY), "{{status}}"),
            stacked=True,
            logs="wattos logs gateway --since 15m --count-by status",
        ),
        graph(
            "Latency at the gateway",
            "Half, 95 and 99 of 100 requests are answered within these times.",
            "s",
            *percentiles(_TIME, where=_GATEWAY),
            objective="latency_s",
            logs="wattos logs gateway --since 15m --stats duration_ms",
        ),
        graph(
            "Time to first token",
            "95 of 100 streams begin within this time.",
            "s",
            Query(percentile(0.95, _FIRST, "provider"), "{{provider}}"),
            objective="first_token_s",
            see=(names.LLM,),
        ),
    ),
)
_GIVES_WAY = Row(
    "What gives way",
    (
        graph(
            "Refused",
            "What was refused a second: by rate limits, by shedding, by breakers, as a connection too many.",
            "ops",
            Query(or_none(rate("rate_limit_decisions_total", where='decision="refused"')), "by rate limits"),
            Query(or_none(rate("shed_total")), "shed"),
            Query(or_none(rate("circuit_breaker_not_permitted_total")), "by breakers"),
            Query(rate("http_connections_refused_total"), "connections"),
            limits=(Limit(1),),
            logs="wattos logs --where 'status in (429, 503)' --since 15m --count-by status",
            see=(names.RESILIENCE,),
        ),
        graph(
            "Retries and degraded answers",
            "Attempts after the first, and answers without a dependency, a second.",
            "ops",
            Query(or_none(rate("retry_attempts_total")), "retries"),
            Query(or_none(rate("degraded_total")), "degraded"),
            see=(names.RESILIENCE,),
        ),
        graph(
            "Places in use",
            "Calls that wait for their first byte, as a share of those that may.",
            "percentunit",
            Query(
                f"sum by (job, target) ({series('concurrency_in_flight')})"
                f" / sum by (job, target) ({series('concurrency_limit')})",
                "{{job}} → {{target}}",
            ),
            limits=(Limit(0.8, "yellow"), Limit(1)),
            see=(names.RESILIENCE,),
        ),
    ),
)
_QUEUES = Row(
    "Queues",
    (
        graph(
            "Writers",
            "Units of work that wait for the writer of a database.",
            "none",
            Query(f"max by (job) ({series('db_write_queue_length')})", "{{job}}"),
            see=(names.STORAGE,),
        ),
        graph(
            "Ingestion and embeddings",
            "Documents and texts that wait.",
            "none",
            Query(f"sum({series('rag_jobs_queued')})", "documents"),
            Query(f"sum({series('embedding_queue_length')})", "texts"),
            see=(names.RAG,),
        ),
        graph(
            "In flight by service",
            "Requests being answered.",
            "none",
            Query(f"sum by (job) ({series('http_requests_in_flight')})", "{{job}}"),
            see=(names.SERVICES,),
        ),
    ),
)

BOARD = Board(
    names.LOADTEST,
    names.TITLES[names.LOADTEST],
    "While a load test runs: how much comes in, how it is answered, and what gives way first.",
    (_NOW, _LOAD, _GIVES_WAY, _QUEUES),
)
