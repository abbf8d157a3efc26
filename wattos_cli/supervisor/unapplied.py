"""What of a changed wattos.toml no reload brings into force, and the command that does."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattos_cli.config.model import Config
from wattos_cli.supervisor.plan import Plan

_RECREATE = "wattos up --recreate"


@dataclass(frozen=True, slots=True)
class Unapplied:
    """What waits at `name`, and the command that brings it into force."""

    name: str
    reasons: tuple[str, ...]
    remedy: str

    @property
    def row(self) -> dict[str, Any]:
        """Return it as scripts read it."""
        return {"name": self.name, "reasons": list(self.reasons), "remedy": self.remedy}


def told(waiting: Sequence[Unapplied]) -> list[str]:
    """Return a line for all that wait for the same reasons."""
    names: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for each in waiting:
        names.setdefault((each.reasons, each.remedy), []).append(each.name)
    return [
        f"not reloaded: {', '.join(who)} ({', '.join(reasons)}). To apply it: {remedy}"
        for (reasons, remedy), who in names.items()
    ]


def without_effect(problems: Mapping[str, Iterable[str]]) -> list[Unapplied]:
    """Return what services say cannot work yet, all of it for want of a variable; `problems` by service."""
    return [
        Unapplied(name, (f"{problem}; a running process takes up no new variable",), _RECREATE)
        for name, told in problems.items()
        for problem in sorted(set(told))
    ]


def remaining(
    config: Config, plan: Plan, state: Mapping[str, Any], outdated: Mapping[str, Sequence[str]]
) -> list[Unapplied]:
    """Return what waits; `state` is services.json, `outdated` what the supervisor says of each service."""
    alive: dict[str, int] = {}
    for row in state.get("services") or ():
        if row["state"] != "stopped":
            alive[row["name"]] = alive.get(row["name"], 0) + 1
    found = [Unapplied(name, tuple(reasons), _RECREATE) for name, reasons in outdated.items()]
    found += _overridden(config)
    return [*found, *_starts(config, plan, alive), *_stops(plan, alive), *_method(config, state)]


def _overridden(config: Config) -> Iterator[Unapplied]:
    """Yield the providers of wattos.toml when others were named above it."""
    setting = config.setting("llm.providers")
    beneath = setting.beneath
    if beneath is None or beneath.origin == "default" or list(beneath.value) == list(setting.value):
        return
    above = "--provider of the last up" if setting.origin == "flag" else setting.origin.removeprefix("env ")
    yield Unapplied("llm-gateway", (f"llm.providers of the file, beneath {above}",), _RECREATE)


def _starts(config: Config, plan: Plan, alive: Mapping[str, int]) -> Iterator[Unapplied]:
    """Yield what wattos.toml names and does not run, or not so often."""
    for wanted in plan.services:
        count = alive.get(wanted.name)
        if count is None and wanted.kind == "own":
            yield Unapplied(wanted.name, ("does not run",), f"wattos up {wanted.name}")
        elif count is not None and wanted.replicas not in (None, count):
            yield Unapplied(wanted.name, (f"scale: {wanted.replicas}, {count} run",), "wattos up")
    for name in config.up_with:
        if name not in alive:
            yield Unapplied(name, ("up.with, does not run",), _RECREATE)


def _stops(plan: Plan, alive: Mapping[str, int]) -> Iterator[Unapplied]:
    for name in alive:
        if plan.service(name) is None:
            yield Unapplied(name, ("runs, but wattos.toml wants it no more",), f"wattos down {name}")


def _method(config: Config, state: Mapping[str, Any]) -> Iterator[Unapplied]:
    forks = bool(state.get("fork_servers"))
    if forks and config.start_method == "exec":
        yield Unapplied("supervisor", ("up.start",), "wattos down && wattos up")
