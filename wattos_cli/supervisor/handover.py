"""The command line's part of `config reload`: gives the supervisor the services' new configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wattos_cli.project import Project
from wattos_cli.supervisor import operate
from wattos_cli.supervisor.plan import Plan

_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Handed:
    """The plan with the configuration that was in force, and per service what only a new process takes up."""

    previous: Plan
    outdated: Mapping[str, Sequence[str]]


def above_the_file(project: Project) -> Mapping[str, Mapping[str, Any]]:
    """Return the `flags` and the `environ` of the last `up` that stand above wattos.toml.

    WattosError (exit 4) when no platform runs.
    """
    with operate.running_supervisor(project) as client:
        above: Mapping[str, Mapping[str, Any]] = operate.request(client, "status", _TIMEOUT_S).get(
            "above", {}
        )
    return {"flags": above.get("flags", {}), "environ": above.get("environ", {})}


def hand_over(project: Project, plan: Plan) -> Handed:
    """Have the services' configuration of `plan` written; every process started from now on reads it."""
    with operate.running_supervisor(project) as client:
        result = operate.request(client, "reload", _TIMEOUT_S, plan=plan.to_json())
    return Handed(replace(plan, **result["previous"]), result["outdated"])


def confirm(project: Project, plan: Plan, replicas: Mapping[str, Sequence[int]]) -> list[str]:
    """Tell who has read the configuration of `plan` without a restart: a later `up` calls them stale no more.

    `replicas` are their numbers by service. Return the components that now read their files again.
    """
    fields = {"replicas": dict(replicas), "digests": dict(plan.digests), "plan": plan.to_json()}
    with operate.running_supervisor(project) as client:
        return list(operate.request(client, "reloaded", _TIMEOUT_S, **fields)["reread"])
