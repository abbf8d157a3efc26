"""What must be there before a drill breaks anything; and what must not: a real provider."""

from collections.abc import Collection, Sequence

from wattos_cli.clients import running
from wattos_cli.clients.health_probe import probe_all
from wattos_cli.clients.running import Running
from wattos_cli.config.schema import LOCAL_MODELS
from wattos_cli.deps import Deps, Finding
from wattos_cli.drills.drill import Drill, up_command
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project

_PROBE_TIMEOUT_S = 3.0
_LOCAL, _ALIAS = "local", "default"
_REDIS = "redis"


def check(drills: Sequence[Drill], deps: Deps, project: Project) -> None:
    """Return when all of `drills` can run here.

    WattosError (exit 4) that names the command which starts what is missing, or the provider that is real.
    """
    states: dict[str, set[str]] = {}
    try:
        rows = running.running(project)
    except WattosError as error:
        raise WattosError(
            error.message,
            hint=_start(drills),
            code=error.code,
            exit_code=error.exit_code,
            details=error.details,
        ) from None
    for row in rows:
        states.setdefault(row.name, set()).add(row.state)
    for drill in drills:
        missing = sorted(name for name in drill.needs if "ready" not in states.get(name, set()))
        if missing:
            raise _missing(drill, missing, states, drills)
    asking = [drill for drill in drills if drill.requires.providers or _asks_providers(drill)]
    if asking:
        _check_providers(asking, _probed(deps, rows, {"llm-gateway"}), drills)
    for drill in drills:
        if _REDIS in drill.needs:
            _check_redis(drill, _probed(deps, rows, drill.requires.services), drills)


def _probed(deps: Deps, rows: Sequence[Running], names: Collection[str]) -> list[Finding]:
    """Return how the replicas of the bundled services `names` say they are."""
    targets = [row for row in rows if row.name in names and row.kind == "bundled"]
    return probe_all(
        targets, {}, deps.http, probe="full", timeout_s=_PROBE_TIMEOUT_S, monotonic=deps.monotonic
    )


def _asks_providers(drill: Drill) -> bool:
    """Return whether the drill's load asks for a model that is not the local one."""
    return drill.load.model not in {"", *LOCAL_MODELS - {_ALIAS}}


def _missing(
    drill: Drill, missing: Sequence[str], states: dict[str, set[str]], drills: Sequence[Drill]
) -> WattosError:
    told = ", ".join(f"{name} is {'/'.join(sorted(states.get(name, {'not running'})))}" for name in missing)
    return _cannot_run(drill, told, drills, "target_down", services=list(missing))


def _check_providers(asking: Sequence[Drill], found: Sequence[Finding], drills: Sequence[Drill]) -> None:
    for finding in found:
        named = _names(finding.info.get("providers", "")) - {_LOCAL}
        real = sorted(named - _names(finding.info.get("simulated", "")))
        if real:
            told = (
                f"{', '.join(real)} would be asked for real by llm-gateway-{finding.replica};"
                " drills break and load the simulator alone"
            )
            raise _cannot_run(asking[0], told, drills, "real_provider", providers=real)
        for drill in asking:
            absent = sorted(set(drill.requires.providers) - named)
            if absent:
                told = (
                    f"llm-gateway-{finding.replica} has no provider {', '.join(absent)}"
                    f" (it has: {', '.join(sorted(named)) or 'none'})"
                )
                raise _cannot_run(drill, told, drills, "provider_missing", providers=absent)


def _check_redis(drill: Drill, found: Sequence[Finding], drills: Sequence[Drill]) -> None:
    """Refuse replicas that were started before Redis was: they would not notice its loss."""
    without = [f"{each.name}-{each.replica}" for each in found if each.checks and _REDIS not in each.checks]
    if without:
        told = f"Redis runs, but these were started without it: {', '.join(without)}"
        raise _cannot_run(drill, told, drills, "redis_unused", replicas=without)


def _cannot_run(
    drill: Drill, why: str, drills: Sequence[Drill], code: str, **details: list[str]
) -> WattosError:
    return WattosError(
        f"{drill.name} cannot run here: {why}",
        hint=_start(drills),
        code=code,
        exit_code=ExitCode.UNREACHABLE,
        details={"drill": drill.name, **details},
    )


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def _start(drills: Sequence[Drill]) -> str:
    return f"start it with: {up_command(drills)}"
