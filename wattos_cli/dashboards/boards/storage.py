"""Databases and caches: statements, the writer's queue, hits and misses."""

from wattos_cli.dashboards.boards import names
from wattos_cli.dashboards.boards.parts import graph, or_none, percentile, rate, series, share
from wattos_cli.dashboards.model import Board, Limit, Query, Row

_LOOKUPS = 'result=~"hit|stale|miss"'
_SHOW_ROWS = "wattos logs --where 'event = \"row.dropped\"' --since 1h"

_STATEMENTS = Row(
    "Statements",
    (
        graph(
            "Statements by service",
            "Database statements a second.",
            "ops",
            Query(rate("db_queries_total", "job", "operation"), "{{job}} {{operation}}"),
        ),
        graph(
            "Duration, p95",
            "95 of 100 statements take no longer.",
            "s",
            Query(percentile(0.95, "db_query_duration_seconds", "job", "operation"), "{{job}} {{operation}}"),
            limits=(Limit(0.1, "yellow"), Limit(1)),
        ),
        graph(
            "Failed statements",
            "Statements a second that failed.",
            "ops",
            Query(
                or_none(rate("db_queries_total", "job", "table", where='success="false"')),
                "{{job}} {{table}}",
            ),
            logs="wattos logs --level error --since 15m",
        ),
    ),
)
_WRITING = Row(
    "Connections and the writer",
    (
        graph(
            "Wait for a connection, p95",
            "95 of 100 statements wait no longer for a connection.",
            "s",
            Query(percentile(0.95, "db_pool_wait_seconds", "job"), "{{job}}"),
            width=6,
            limits=(Limit(0.1, "yellow"), Limit(1)),
        ),
        graph(
            "Units of work waiting",
            "What waits for the one writer of each process.",
            "none",
            Query(f"max by (instance) ({series('db_write_queue_length')})", "{{instance}}"),
            width=6,
            objective="write_queue_length",
        ),
        graph(
            "Oldest unit of work",
            "How long the oldest unit of work has waited for the writer; 0 when none waits.",
            "s",
            Query(f"max by (instance) ({series('db_write_queue_age_seconds')})", "{{instance}}"),
            width=6,
            limits=(Limit(1, "yellow"), Limit(5)),
        ),
        graph(
            "Rows dropped",
            "Rows of usage and audit a second that were lost because the queue was full.",
            "ops",
            Query(or_none(rate("db_rows_dropped_total", "job")), "{{job}}"),
            width=6,
            limits=(Limit(0.001),),
            logs=_SHOW_ROWS,
        ),
    ),
)
_CACHES = Row(
    "Caches",
    (
        graph(
            "Hit rate",
            "Share of look-ups that a cache answered; 0 when nobody looked anything up.",
            "percentunit",
            Query(
                share("cache_operations_total", "job", "cache", of=_LOOKUPS, where='result="hit"'),
                "{{job}} {{cache}}",
            ),
        ),
        graph(
            "Operations",
            "Look-ups and writes a second, by result.",
            "ops",
            Query(rate("cache_operations_total", "cache", "result"), "{{cache}} {{result}}"),
        ),
        graph(
            "Errors",
            "Look-ups and writes a second that the store did not answer; each was done without it.",
            "ops",
            Query(
                rate("cache_operations_total", "job", "cache", where='result="error"'), "{{job}} {{cache}}"
            ),
            limits=(Limit(0.1),),
            logs="wattos logs --level warning --where 'event =~ \"^(cache|store)\"' --since 1h",
            see=(names.RESILIENCE,),
        ),
    ),
)

BOARD = Board(
    names.STORAGE,
    names.TITLES[names.STORAGE],
    "Databases and caches: statements, connections, the writer's queue, hits and misses.",
    (_STATEMENTS, _WRITING, _CACHES),
)
