"""Whether two results may be held against each other at all."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.comparison.loaded import loaded
from wattos_cli.loadtest.measuring.interval import INTERVAL_S
from wattos_cli.loadtest.result.asked import Environment, Load
from wattos_cli.loadtest.result.shape import Result

LEAST_INTERVALS = 10
"""So many seconds with requests a run needs before its scatter can be told."""
_MOST_TOLD = 60
_ALL_THE_SAME = "compare all the same: --allow-other-machine"
_ANEW = "make a baseline with the same scenario, load and engine: wattos loadtest run --json FILE"
_LONGER = "let the run be longer: the seconds count in which all users are there and requests end"


def require_comparable(baseline: Result, now: Result, *, allow_other_machine: bool = False) -> None:
    """Refuse two results that do not measure the same thing; WattosError (exit 4) that says what differs."""
    reasons = reasons_against(baseline, now, allow_other_machine=allow_other_machine)
    if reasons:
        machine_alone = not reasons_against(baseline, now, allow_other_machine=True)
        too_short = reasons == _too_few("the run", len(loaded(now)))
        raise _refusal(reasons, _ALL_THE_SAME if machine_alone else _LONGER if too_short else _ANEW)


def require_promising(
    baseline: Result, planned: Result, full_load_s: float, *, allow_other_machine: bool = False
) -> None:
    """Refuse a baseline that a run as it is planned cannot be held against: before it runs; as above.

    The run is to be under full load for `full_load_s` at most.
    """
    enough = full_load_s >= LEAST_INTERVALS * INTERVAL_S
    too_short = [] if enough else [_short("the run", f"at most {full_load_s:g} s")]
    differ = _reasons_ahead(baseline, planned, allow_other_machine=allow_other_machine)
    if differ or too_short:
        machine_alone = not too_short and not _reasons_ahead(baseline, planned, allow_other_machine=True)
        remedy = _ALL_THE_SAME if machine_alone else _ANEW if differ else _LONGER
        raise _refusal([*differ, *too_short], remedy)


def _reasons_ahead(baseline: Result, planned: Result, *, allow_other_machine: bool) -> list[str]:
    return [*_unfit("the baseline", baseline)] or _different(
        baseline, planned, allow_other_machine=allow_other_machine
    )


def _refusal(reasons: list[str], hint: str) -> WattosError:
    return WattosError(
        "\n  ".join(["the baseline is not comparable:", *reasons]),
        hint=hint,
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
    yield from _too_few(name, len(loaded(result)))
    if result.environment is None or not result.environment.machine.id:
        yield f"{name} does not say where it was measured"


def _too_few(name: str, intervals: int) -> list[str]:
    """Return that a run has too few intervals to tell its scatter, nothing if it has enough."""
    return [] if intervals >= LEAST_INTERVALS else [_short(name, f"{intervals} intervals with requests")]


def _short(name: str, has: str) -> str:
    return f"{name} has {has} under full load, {LEAST_INTERVALS} are needed: run it longer"


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
        yield (
            "the scenario's code, its weights or the model changed: "
            f"{_cut(hashes[0])} before, {_cut(hashes[1])} now"
        )
    yield from _differs("engine", baseline.engine, now.engine)
    before, after = (_load(each.load) for each in (baseline, now))
    for field in sorted(before.keys() | after.keys()):
        yield from _differs(f"load ({field})", before.get(field), after.get(field))


def _load(load: Load | UnsetType) -> dict[str, Any]:
    """Return what was asked of the generator; not for how long, where that changes nothing else."""
    told: dict[str, Any] = {} if load is UNSET else msgspec.to_builtins(load)
    stages = (told.get("arrivals") or {}).get("stages", ())
    if len(stages) == 1 and told["arrivals"].get("start", stages[0]["rate"]) == stages[0]["rate"]:
        stages[0].pop("duration_s")
    return told


def _differs(told: str, before: object, after: object) -> Iterator[str]:
    if before != after:
        yield f"another {told}: {_cut(before)} before, {_cut(after)} now"


def _cut(value: object) -> str:
    text = str(value)
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"
