"""The platform at a glance: is it up, does it answer, how fast, what does it cost."""

from wattos_cli.dashboards.boards import names
from wattos_cli.dashboards.model import Board, Limit, Panel, Query, Row
from wattos_cli.dashboards.objectives import limits_of, objectives

_NOW = Row(
    "Now",
    (
        Panel(
            "Replicas up",
            "Replicas that answer the scrape, of those that are known.",
            "none",
            (Query("sum(up{@})", "up"), Query("count(up{@})", "known")),
            kind="stat",
            width=4,
            logs="wattos logs --level warning --since 15m",
        ),
        Panel(
            "Requests",
            "Requests answered a second, by all services together.",
            "reqps",
            (Query("sum(rate(http_requests_total{@}[$__rate_interval]))", "all"),),
            kind="stat",
            width=4,
            see=(names.SERVICES,),
        ),
        Panel(
            "Failed",
            "Share of requests that ended with a status of 500 or above.",
            "percentunit",
            (
                Query(
                    '(sum(rate(http_requests_total{@, status=~"5.."}[$__rate_interval])) or vector(0))'
                    " / sum(rate(http_requests_total{@}[$__rate_interval]))",
                    "failed",
                ),
            ),
            kind="stat",
            width=4,
            limits=limits_of(objectives().error_ratio),
            logs="wattos logs --where 'status >= 500' --since 15m",
            see=(names.SERVICES,),
        ),
        Panel(
            "Latency, p95",
            "95 of 100 requests are answered within this time, streams to their last byte.",
            "s",
            (
                Query(
                    "histogram_quantile(0.95,"
                    " sum by (le) (rate(http_request_duration_seconds_bucket{@}[$__rate_interval])))",
                    "p95",
                ),
            ),
            kind="stat",
            width=4,
            limits=limits_of(objectives().latency_s),
            logs="wattos logs --where 'duration_ms > 2000' --since 15m",
            see=(names.SERVICES,),
        ),
        Panel(
            "Cost an hour",
            "US dollars an hour at the present pace; calls without a known price are not in it.",
            "currencyUSD",
            (Query("sum(rate(llm_cost_usd_total{@}[$__rate_interval])) * 3600 or vector(0)", "USD/h"),),
            kind="stat",
            width=4,
            see=(names.LLM,),
        ),
        Panel(
            "Breakers open",
            "Circuit breakers that refuse calls, by themselves or by hand.",
            "none",
            (Query('sum(circuit_breaker_state{@, state=~"open|forced_open"}) or vector(0)', "open"),),
            kind="stat",
            width=4,
            limits=(Limit(1),),
            logs="wattos logs --where 'event =~ \"^breaker\"' --since 1h",
            see=(names.RESILIENCE,),
        ),
    ),
)
_SERVICES = Row(
    "Services",
    (
        Panel(
            "Replicas",
            "Whether each replica answers the scrape; a gap means that it was not known.",
            "none",
            (Query("up{@}", "{{instance}}"),),
            kind="states",
            width=12,
            logs="wattos logs --level error --since 15m",
        ),
        Panel(
            "Health checks",
            "Checks of the dependencies of each service, as the service itself sees them.",
            "none",
            (Query("min by (job, check) (health_check_up{@})", "{{job}}: {{check}}"),),
            kind="states",
            width=12,
            logs="wattos logs --where 'event =~ \"^health\"' --since 15m",
        ),
        Panel(
            "Requests by service",
            "Requests answered a second.",
            "reqps",
            (Query("sum by (job) (rate(http_requests_total{@}[$__rate_interval]))", "{{job}}"),),
            see=(names.SERVICES,),
        ),
        Panel(
            "Failed by service",
            "Share of requests that ended with a status of 500 or above.",
            "percentunit",
            (
                Query(
                    '(sum by (job) (rate(http_requests_total{@, status=~"5.."}[$__rate_interval]))'
                    " or 0 * sum by (job) (rate(http_requests_total{@}[$__rate_interval])))"
                    " / sum by (job) (rate(http_requests_total{@}[$__rate_interval]))",
                    "{{job}}",
                ),
            ),
            limits=limits_of(objectives().error_ratio),
            logs="wattos logs --where 'status >= 500' --since 15m",
            see=(names.SERVICES,),
        ),
        Panel(
            "Latency by service, p95",
            "95 of 100 requests are answered within this time.",
            "s",
            (
                Query(
                    "histogram_quantile(0.95,"
                    " sum by (job, le) (rate(http_request_duration_seconds_bucket{@}[$__rate_interval])))",
                    "{{job}}",
                ),
            ),
            limits=limits_of(objectives().latency_s),
            logs="wattos logs --where 'duration_ms > 2000' --since 15m",
            see=(names.SERVICES,),
        ),
    ),
)
_WORK = Row(
    "What people get",
    (
        Panel(
            "Chat answers",
            "Answers a second, by how they ended.",
            "ops",
            (Query("sum by (outcome) (rate(chat_messages_total{@}[$__rate_interval]))", "{{outcome}}"),),
            width=6,
            logs="wattos logs chat --level warning --since 15m",
        ),
        Panel(
            "Searches",
            "Searches a second, by mode.",
            "ops",
            (Query("sum by (mode) (rate(rag_searches_total{@}[$__rate_interval]))", "{{mode}}"),),
            width=6,
            see=(names.RAG,),
        ),
        Panel(
            "Agent runs",
            "Runs that ended a second, by how.",
            "ops",
            (Query("sum by (status) (rate(agent_runs_total{@}[$__rate_interval]))", "{{status}}"),),
            width=6,
            see=(names.AGENTS,),
        ),
        Panel(
            "Degraded answers",
            "Answers a second that were given without a dependency.",
            "ops",
            (
                Query(
                    "sum by (job, dependency) (rate(degraded_total{@}[$__rate_interval])) or on() vector(0)",
                    "{{job}} without {{dependency}}",
                ),
            ),
            width=6,
            see=(names.RESILIENCE,),
            logs="wattos logs --level warning --since 15m",
        ),
    ),
)

BOARD = Board(
    names.OVERVIEW,
    names.TITLES[names.OVERVIEW],
    "Is the platform up, does it answer, how fast, and what does it cost.",
    (_NOW, _SERVICES, _WORK),
)
