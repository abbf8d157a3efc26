"""How the platform protects itself: breakers, retries, concurrency limits, rate limits, degradation."""

from wattos_cli.dashboards.boards import names
from wattos_cli.dashboards.boards.parts import graph, or_none, rate, series, share, states
from wattos_cli.dashboards.model import Board, Limit, Query, Row

_SHOW_BREAKERS = "wattos logs --where 'event =~ \"^breaker\"' --since 1h"
_OPEN = 'state=~"open|forced_open"'

_BREAKERS = Row(
    "Circuit breakers",
    (
        states(
            "Breakers",
            "Whether each breaker lets calls through; half open counts as closed.",
            Query(
                f"1 - max by (instance, name) ({series('circuit_breaker_state', _OPEN)})",
                "{{instance}} {{name}}",
            ),
            words=("open", "closed"),
            width=12,
            logs="wattos breaker list",
        ),
        graph(
            "Changes of state",
            "Changes a minute, by what the breaker became.",
            "opm",
            Query(
                or_none(f"60 * {rate('circuit_breaker_transitions_total', 'job', 'name', 'to')}"),
                "{{job}} {{name}}: {{to}}",
            ),
            width=12,
            logs=_SHOW_BREAKERS,
        ),
        graph(
            "Failure rate",
            "Share of failed calls in each breaker's window.",
            "percentunit",
            Query(f"max by (job, name) ({series('circuit_breaker_failure_rate')})", "{{job}} {{name}}"),
            limits=(Limit(0.5),),
            logs=_SHOW_BREAKERS,
        ),
        graph(
            "Slow calls",
            "Share of slow calls in each breaker's window.",
            "percentunit",
            Query(f"max by (job, name) ({series('circuit_breaker_slow_call_rate')})", "{{job}} {{name}}"),
            limits=(Limit(0.5),),
        ),
        graph(
            "Calls refused by breakers",
            "Calls a second that were not made because a breaker is open.",
            "ops",
            Query(or_none(rate("circuit_breaker_not_permitted_total", "job", "name")), "{{job}} {{name}}"),
            logs=_SHOW_BREAKERS,
        ),
    ),
)
_RETRIES = Row(
    "Retries and degradation",
    (
        graph(
            "Retries",
            "Attempts a second after the first, by how they ended.",
            "ops",
            Query(
                or_none(rate("retry_attempts_total", "job", "target", "outcome")),
                "{{job}} → {{target}} {{outcome}}",
            ),
        ),
        graph(
            "Retries refused",
            "Retries a second that the budget did not allow: most calls to that target fail.",
            "ops",
            Query(or_none(rate("retry_budget_exhausted_total", "job", "target")), "{{job}} → {{target}}"),
            limits=(Limit(0.1),),
        ),
        graph(
            "Answers without a dependency",
            "Degraded answers a second.",
            "ops",
            Query(or_none(rate("degraded_total", "job", "dependency")), "{{job}} without {{dependency}}"),
            logs="wattos logs --where 'event =~ \"^dependency\"' --since 1h",
        ),
    ),
)
_CONCURRENCY = Row(
    "Concurrency",
    (
        graph(
            "Limit",
            "Calls that may wait for their first byte at once, as learned from latency.",
            "none",
            Query(f"min by (job, target) ({series('concurrency_limit')})", "{{job}} → {{target}}"),
            width=6,
        ),
        graph(
            "In flight",
            "Calls that wait for their first byte.",
            "none",
            Query(f"sum by (job, target) ({series('concurrency_in_flight')})", "{{job}} → {{target}}"),
            width=6,
        ),
        graph(
            "Waited for a place",
            "How many calls wait for a place on the average.",
            "none",
            Query(or_none(rate("concurrency_wait_seconds_sum", "job", "target")), "{{job}} → {{target}}"),
            width=6,
        ),
        graph(
            "Shed",
            "Calls a second that were refused because too many were under way.",
            "ops",
            Query(or_none(rate("shed_total", "job", "target")), "{{job}} → {{target}}"),
            limits=(Limit(0.1),),
            width=6,
            logs="wattos logs --where 'error.type = platform_overloaded' --since 15m",
        ),
    ),
)
_LIMITS = Row(
    "Rate limits",
    (
        graph(
            "Decisions",
            "Decisions a second of all limits.",
            "ops",
            Query(or_none(rate("rate_limit_decisions_total", "decision")), "{{decision}}"),
        ),
        graph(
            "Refused by limit",
            "Requests a second that a limit refused, or would have in shadow mode.",
            "ops",
            Query(
                or_none(rate("rate_limit_decisions_total", "limit", "decision", where='decision!="allowed"')),
                "{{limit}} {{decision}}",
            ),
            logs="wattos logs gateway --where 'status = 429' --since 15m --count-by tenant_id",
        ),
        graph(
            "Share refused",
            "Share of requests that a limit refused.",
            "percentunit",
            Query(share("rate_limit_decisions_total", "limit", where='decision="refused"'), "{{limit}}"),
            objective="refused_ratio",
        ),
    ),
)

BOARD = Board(
    names.RESILIENCE,
    names.TITLES[names.RESILIENCE],
    "Circuit breakers, retries, concurrency limits and rate limits: how the platform protects itself.",
    (_BREAKERS, _RETRIES, _CONCURRENCY, _LIMITS),
)
