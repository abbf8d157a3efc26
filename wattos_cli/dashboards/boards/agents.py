"""Agents: runs by role and how they ended, and what their steps ask of the platform."""

from wattos_cli.dashboards.boards import names
from wattos_cli.dashboards.boards.parts import (
    graph,
    in_range,
    or_none,
    percentile,
    rate,
    series,
    share,
    stat,
    states,
)
from wattos_cli.dashboards.model import Board, Limit, Query, Row

_RUNS = "agent_runs_total"
_ROUTES = 'route=~"/api/v1/(runs|agents).*"'
_FAILED, _OPEN = 'status="failed"', 'job="agent", state=~"open|forced_open"'
_SHOW_FAILED = "wattos logs agent --where 'event = \"run.failed\"' --since 1h"

_NOW = Row(
    "Now",
    (
        stat("Runs", "Runs that ended a second.", "ops", Query(or_none(rate(_RUNS)), "runs"), width=6),
        stat(
            "Failed",
            "Share of runs that failed.",
            "percentunit",
            Query(f"{share(_RUNS, where=_FAILED)} or vector(0)", "failed"),
            limits=(Limit(0.1, "yellow"), Limit(0.3)),
            width=6,
            logs=_SHOW_FAILED,
        ),
        stat(
            "Runs in progress",
            "Runs that the service works on.",
            "none",
            Query(f"sum({series('agent_runs_in_progress')})", "runs"),
            width=6,
        ),
        stat(
            "Runs in the time shown",
            "Runs that ended, however they did.",
            "none",
            Query(in_range(_RUNS), "runs"),
            width=6,
        ),
    ),
)
_ENDINGS = Row(
    "Runs",
    (
        graph(
            "Runs by role",
            "Runs that ended a second.",
            "ops",
            Query(or_none(rate(_RUNS, "role")), "{{role}}"),
            stacked=True,
        ),
        graph(
            "Runs by how they ended",
            "Runs a second: completed, failed or cancelled.",
            "ops",
            Query(or_none(rate(_RUNS, "status")), "{{status}}"),
            logs=_SHOW_FAILED,
        ),
        graph(
            "Latency of the API, p95",
            "95 of 100 requests to the routes of runs are answered within this time.",
            "s",
            Query(percentile(0.95, "http_request_duration_seconds", "route", where=_ROUTES), "{{route}}"),
            logs="wattos logs agent --since 15m --stats duration_ms",
            see=(names.SERVICES,),
        ),
    ),
)
_STEPS = Row(
    "Steps and tools",
    (
        graph(
            "Steps by kind",
            "Steps a second, by what they were and how they ended.",
            "ops",
            Query(or_none(rate("agent_steps_total", "kind", "outcome")), "{{kind}} {{outcome}}"),
        ),
        graph(
            "Tools, p95",
            "95 of 100 calls of a tool take no longer.",
            "s",
            Query(
                percentile(0.95, "agent_tool_duration_seconds", "tool"),
                "{{tool}}",
                empty="no run has used a tool",
            ),
        ),
        graph(
            "Failed calls of tools",
            "Calls of a tool a second that failed.",
            "ops",
            Query(
                or_none(rate("agent_tool_duration_seconds_count", "tool", where='outcome="failure"')),
                "{{tool}}",
            ),
            logs="wattos logs agent --level warning --since 1h",
        ),
    ),
)
_ASKED = Row(
    "What runs ask for",
    (
        states(
            "Breakers of the agent service",
            "Whether calls to models, retrieval and the hosts of tools are let through.",
            Query(f"1 - max by (name) ({series('circuit_breaker_state', _OPEN)})", "{{name}}"),
            words=("open", "closed"),
            logs="wattos breaker list",
            see=(names.RESILIENCE,),
        ),
        graph(
            "Calls by target",
            "Calls a second that the agent service made, by what they went through and how they ended.",
            "ops",
            Query(
                or_none(rate("circuit_breaker_calls_total", "name", "outcome", where='job="agent"')),
                "{{name}} {{outcome}}",
            ),
            see=(names.LLM,),
        ),
        graph(
            "Requests to the service",
            "Requests a second to the routes of agents and runs.",
            "reqps",
            Query(
                or_none(rate("http_requests_total", "route", "status", where=_ROUTES)), "{{route}} {{status}}"
            ),
            see=(names.SERVICES,),
        ),
    ),
)

BOARD = Board(
    names.AGENTS,
    names.TITLES[names.AGENTS],
    "Runs of agents by role and how they ended, and what their steps ask of the platform.",
    (_NOW, _ENDINGS, _STEPS, _ASKED),
)
