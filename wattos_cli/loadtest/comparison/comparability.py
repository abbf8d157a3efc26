"""Whether two results may be held against each other at all."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.comparison.loaded import loaded
from wattos_cli.loadtest.result.asked import Environment, Load
from wattos_cli.loadtest.result.shape import Result

LEAST_INTERVALS = 10
"""So many seconds with requests a run needs before its scatter can be told."""
_MOST_TOLD = 60


def require_comparable(baseline: Result, now: Result, *, allow_other_machine: bool = False) -> None:
    """Refuse two results that do not measure the same thing; WattosError (exit 4) that says what differs."""
    reasons = reasons_against(baseline, now, allow_other_machine=allow_other_machine)
    if reasons:
        machine_alone = not reasons_against(baseline, now, allow_other_machine=True)
        raise _refusal(reasons, machine_alone=machine_alone)


def require_promising(baseline: Result, planned: Result, *, allow_other_machine: bool = False) -> None:
    """Refuse a baseline that a run as it is planned cannot be held against: before it runs; as above."""
    reasons = _reasons_ahead(baseline, planned, allow_other_machine=allow_other_machine)
    if reasons:
        machine_alone = not _reasons_ahead(baseline, planned, allow_other_machine=True)
        raise _refusal(reasons, machine_alone=machine_alone)


def _reasons_ahead(baseline: Result, planned: Result, *, allow_other_machine: bool) -> list[str]:
    return [*_unfit("the baseline", baseline)] or _different(
        baseline, planned, allow_other_machine=allow_other_machine
    )


def _refusal(reasons: list[str], *, machine_alone: bool) -> WattosError:
    return WattosError(
        "\n  ".join(["the baseline is not comparable:", *reasons]),
        hint="compare all the same: --allow-other-machine"
        if machine_alone
        else "make a baseline with the same scenario, load and engine: wattos loadtest run --json FILE",
        code="baseline_not_comparable",
        exit_code=ExitCode.UNREACHABLE,
        details={"reasons": reasons},
    )


def reasons_against(baseline: Result, now: Result, *, allow_other_machine: bool = False) -> list[str]:
    """Return why the two are not comparable, nothing if they are."""
    return [*_unfit("the baseline", baseline), *_unfit("the run", now)] or _different(
        baseline, now, allow_other_machine=allow_other_machine
    )


def _different(baseline: Result, now: Result, *, allow_other_machine: bool) -> list[str]:
    return [
        *([] if allow_other_machine else _machines(baseline.environment, now.environment)),
        *_asked(baseline, now),
    ]


def _unfit(name: str, result: Result) -> Iterator[str]:
    """Yield why a result is none to compare with anything."""
    if result.verdict == "invalid":
        yield f"{name} is invalid: {'; '.join(result.reasons) or 'it measured its own generator'}"
    counted = len(loaded(result))
    if counted < LEAST_INTERVALS:
        told = f"{counted} intervals with requests under full load, {LEAST_INTERVALS} are needed"
        yield f"{name} has {told}: run it longer"
    if result.environment is None or not result.environment.machine.id:
        yield f"{name} does not say where it was measured"


def _machines(baseline: Environment | None, now: Environment | None) -> Iterator[str]:
    before, after = (each.machine if each else None for each in (baseline, now))
    if before is None or after is None:
        return
    for told, field in (("machine", "id"), ("processor", "cpu"), ("number of cores", "cores")):
        yield from _differs(told, getattr(before, field), getattr(after, field))


def _asked(baseline: Result, now: Result) -> Iterator[str]:
    """Yield what was asked of the two runs and differs."""
    yield from _differs("scenario", baseline.scenario, now.scenario)
    hashes = [each.environment.scenario_hash if each.environment else "" for each in (baseline, now)]
    if hashes[0] != hashes[1] and baseline.scenario == now.scenario:
        yield f"the scenario's code or test data changed: {_short(hashes[0])} before, {_short(hashes[1])} now"
    yield from _differs("engine", baseline.engine, now.engine)
    before, after = (_load(each.load) for each in (baseline, now))
    for field in sorted(before.keys() | after.keys()):
        yield from _differs(f"load ({field})", before.get(field), after.get(field))


def _load(load: Load | UnsetType) -> dict[str, Any]:
    """Return what was asked of the generator; not for how long, where that changes nothing else."""
    told: dict[str, Any] = {} if load is UNSET else msgspec.to_builtins(load)
    stages = (told.get("arrivals") or {}).get("stages", ())
    if len(stages) == 1 and told["arrivals"]["shape"] != "ramp":
        stages[0].pop("duration_s")
    return told


def _differs(told: str, before: object, after: object) -> Iterator[str]:
    if before != after:
        yield f"another {told}: {_short(before)} before, {_short(after)} now"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"
