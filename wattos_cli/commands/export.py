"""`wattos export`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from wattos_cli.clients import breakers, running
from wattos_cli.clients.health_probe import probe_project
from wattos_cli.config import load
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.diagnosis import bundle
from wattos_cli.errors import ExitCode, WattosError, usage
from wattos_cli.parameters import Argument
from wattos_cli.project import Project
from wattos_cli.render.health import as_json

_PROBE_S = 2.0


@dataclass(frozen=True)
class Options:
    """The file to write."""

    file: Path


def run(opts: Options, deps: Deps) -> ExitCode:
    """Pack what there is, running or not, and say what was packed."""
    project = running.project_of(deps)
    if not project.state_dir.is_dir():
        raise WattosError(
            f"there is nothing to export: {project.state_dir} does not exist",
            hint="go to the project's folder, or: wattos -C DIR export FILE.tar.gz",
            code="nothing_to_export",
        )
    target = _target(deps.cwd / opts.file)
    parts = [
        bundle.Part("about.json", lambda: bundle.about(project, deps.environ)),
        bundle.Part("services.json", lambda: project.read_services() or {}),
        bundle.Part("health.json", lambda: _health(deps)),
        bundle.Part("breakers.json", lambda: _breakers(project, deps)),
        bundle.Part("config.json", lambda: _config(project, deps)),
    ]
    with deps.console.waiting("packing logs, metrics and states"):
        names = bundle.write(target, project, parts, deps.clock())
    if deps.console.json_output:
        body = {"schema": "wattos.export/v1", "file": str(target), "size_bytes": target.stat().st_size}
        deps.console.json({**body, "members": names})
    else:
        deps.console.data(str(target))
        deps.console.note(
            f"{len(names)} members, {target.stat().st_size / 1_000_000:.1f} MB, secrets left out"
        )
    return ExitCode.OK


def _target(named: Path) -> Path:
    """Return the file to write; WattosError (usage) for a device or a pipe, which it would take the place of.

    A link stays one: what it leads to is written.
    """
    if named.exists() and not (named.is_file() or named.is_dir()):
        raise usage(f"{named} is a device, a pipe or a socket", "name a file: wattos export FILE.tar.gz")
    return named.resolve()


def _health(deps: Deps) -> dict[str, Any]:
    findings = probe_project(deps, (), probe="full", timeout_s=_PROBE_S)
    return as_json(findings)


def _breakers(project: Project, deps: Deps) -> dict[str, Any]:
    answers = breakers.everywhere(deps, project, "/admin/breakers")
    return {"breakers": breakers.listing(answers), "unreached": breakers.unreached(answers)}


def _config(project: Project, deps: Deps) -> list[dict[str, Any]]:
    config = load(project.root, deps.environ)
    return [{"key": s.key, "value": s.shown(), "origin": s.origin} for s in config.settings]


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos export`."""

    def export(
        deps: Deps,
        *,
        file: Annotated[Path, Argument(metavar="FILE.tar.gz", help="File to write; replaced if it exists.")],
    ) -> ExitCode:
        """Pack logs, metrics, states, health, breakers and configuration into one file, without secrets.

        Works with a platform that runs, and with one that does not any more.

        Examples:
          wattos export wattos.tar.gz
        """
        return run(Options(file), deps)

    return export
