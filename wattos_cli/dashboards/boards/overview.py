"""The platform at a glance: is it up, does it answer, how fast, what does it cost."""

from wattos_cli.dashboards.boards import names, red
from wattos_cli.dashboards.boards.parts import graph, or_none, rate, series, stat, states
from wattos_cli.dashboards.model import Board, Limit, Query, Row

_UP, _CHECKS = series("up"), series("health_check_up")
_OPEN = series("circuit_breaker_state", 'state=~"open|forced_open"')

_NOW = Row(
    "Now",
    (
        stat(
            "Replicas down",
            "Replicas that are known and do not answer the scrape.",
            "none",
            Query(f"sum(1 - {_UP})", "down"),
            limits=(Limit(1),),
            logs="wattos logs --level warning --since 15m",
        ),
        red.requests_now(see=(names.SERVICES,)),
        red.failed_now(see=(names.SERVICES,)),
        red.latency_now(see=(names.SERVICES,)),
        stat(
            "Cost an hour",
            "US dollars an hour at the present pace; calls without a known price are not in it.",
            "currencyUSD",
            Query(f"3600 * {rate('llm_cost_usd_total')} or vector(0)", "USD/h"),
            see=(names.LLM,),
        ),
        stat(
            "Breakers open",
            "Circuit breakers that refuse calls, by themselves or by hand.",
            "none",
            Query(f"sum({_OPEN}) or vector(0)", "open"),
            limits=(Limit(1),),
            logs="wattos logs --where 'event =~ \"^breaker\"' --since 1h",
            see=(names.RESILIENCE,),
        ),
    ),
)
_SERVICES = Row(
    "Services",
    (
        states(
            "Replicas",
            "Whether each replica answers the scrape; a gap means that it was not known.",
            Query(_UP, "{{instance}}"),
            width=12,
            logs="wattos logs --level error --since 15m",
        ),
        states(
            "Health checks",
            "Checks of the dependencies of each service, as the service itself sees them.",
            Query(f"min by (job, check) ({_CHECKS})", "{{job}}: {{check}}"),
            width=12,
            logs="wattos logs --where 'event = \"health_check.changed\"' --since 1h",
        ),
        red.requests_by_service(see=(names.SERVICES,)),
        red.failed_by_service(see=(names.SERVICES,)),
        red.latency_by_service(see=(names.SERVICES,)),
    ),
)
_WORK = Row(
    "What people get",
    (
        graph(
            "Chat answers",
            "Answers a second, by how they ended.",
            "ops",
            Query(or_none(rate("chat_messages_total", "outcome")), "{{outcome}}"),
            width=6,
            logs="wattos logs chat --level warning --since 15m",
        ),
        graph(
            "Searches",
            "Searches a second, by mode.",
            "ops",
            Query(or_none(rate("rag_searches_total", "mode")), "{{mode}}"),
            width=6,
            see=(names.RAG,),
        ),
        graph(
            "Agent runs",
            "Runs that ended a second, by how.",
            "ops",
            Query(or_none(rate("agent_runs_total", "status")), "{{status}}"),
            width=6,
            see=(names.AGENTS,),
        ),
        graph(
            "Degraded answers",
            "Answers a second that were given without a dependency.",
            "ops",
            Query(or_none(rate("degraded_total", "job", "dependency")), "{{job}} without {{dependency}}"),
            width=6,
            see=(names.RESILIENCE,),
            logs="wattos logs --where 'event =~ \"^dependency\"' --since 1h",
        ),
    ),
)

BOARD = Board(
    names.OVERVIEW,
    names.TITLES[names.OVERVIEW],
    "Is the platform up, does it answer, how fast, and what does it cost.",
    (_NOW, _SERVICES, _WORK),
)
