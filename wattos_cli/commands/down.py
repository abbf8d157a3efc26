"""`wattos down`: stop services, users before what they use; nothing stays behind."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from wattos_cli.clients import offers
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument, Option

if TYPE_CHECKING:
    from wattos_cli.project import Project
    from wattos_cli.supervisor.last_platform import LastPlatform

SCHEMA = "wattos.down/v1"
# A service has 10 s to drain; at most four waves wait for one another.
_TIMEOUT_S = 90.0
_GONE_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Options:
    """Empty `services` stops all. `purge` deletes the project's data too, `yes` without asking."""

    services: tuple[str, ...] = ()
    purge: bool = False
    yes: bool = False


def run(opts: Options, deps: Deps) -> ExitCode:
    """Stop, and purge if wanted; exit 0 also when nothing was running."""
    from wattos_cli import project

    root = project.find(deps.cwd)
    if opts.purge:
        _confirm_purge(opts, root, deps)
    with deps.console.waiting("stopping; running requests have 10 s to finish"):
        stopped = _stop(opts.services, root, deps)
    if opts.purge:
        _purge(root)
    if deps.console.json_output:
        deps.console.json({"schema": SCHEMA, "stopped": stopped, "purged": opts.purge})
    else:
        nothing = "Nothing of it was running." if opts.services else "Nothing was running."
        deps.console.note(f"Stopped: {', '.join(stopped)}" if stopped else nothing)
        if opts.purge:
            deps.console.note(f"Deleted {root.state_dir}")
    return ExitCode.OK


def _stop(services: tuple[str, ...], project: "Project", deps: Deps) -> list[str]:
    """Return the names of the services that ran and are stopped, none when another command stopped all."""
    from wattos_cli.supervisor import launch, operate
    from wattos_cli.supervisor.client import SupervisorGoneError
    from wattos_cli.supervisor.last_platform import LastPlatform
    from wattos_cli.supervisor.protocol import STOPPING

    last_platform = LastPlatform.of(project)
    try:
        client = launch.connect_when_told(project)
    except SupervisorGoneError:
        if not services:
            last_platform.kill(_GONE_TIMEOUT_S)  # ending already, or hung: nobody answers
        return []
    if not last_platform.guardian.pid:
        last_platform = LastPlatform.of(project)
    names: list[str] = []
    ends = not services
    with client:
        try:
            told = operate.request(client, "down", _TIMEOUT_S, services=list(services) or None)
        except WattosError as error:
            if error.code in operate.UNANSWERED and not services:
                deps.console.note(f"{error.message}: it is killed, and with it all that it started")
                return _killed(last_platform)
            if error.code not in {operate.SUPERVISOR_ENDED, STOPPING}:
                raise
            ends = True  # somebody else stops all of it: what is left to do is to wait for the end
        else:
            names = told["services"]
    if ends and not last_platform.ended_within(_GONE_TIMEOUT_S):
        last_platform.kill(_GONE_TIMEOUT_S)
    return names


def _killed(platform: "LastPlatform") -> list[str]:
    """End a platform whose supervisor does not do what it is told; return what ran in it."""
    rows = (platform.project.read_services() or {}).get("services", [])
    platform.kill(_GONE_TIMEOUT_S)
    return list(dict.fromkeys(str(row["name"]) for row in rows if row.get("state") != "stopped"))


def _confirm_purge(opts: Options, project: "Project", deps: Deps) -> None:
    """Return when the user means it; WattosError when not, or when nobody can be asked."""
    if opts.services:
        raise WattosError(
            "--purge deletes the data of the whole project and takes no service names",
            hint="wattos down --purge",
            code="usage",
            exit_code=ExitCode.USAGE,
        )
    if opts.yes:
        return
    if not deps.stdin.isatty():
        raise WattosError(
            "--purge asks for a confirmation, but stdin is no terminal",
            hint="say it with a flag: wattos down --purge --yes",
            code="confirmation_needed",
            exit_code=ExitCode.USAGE,
        )
    word = project.root.name or "purge"
    deps.console.note(f"This deletes all documents, conversations, keys and logs in {project.state_dir}.")
    deps.console.note(f"Type {word} to confirm:")
    if deps.stdin.readline().strip() != word:
        raise WattosError("not confirmed, nothing was deleted", code="not_confirmed")


def _purge(project: "Project") -> None:
    import shutil

    try:
        shutil.rmtree(project.state_dir)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WattosError(
            f"cannot delete {project.state_dir}: {error.strerror} ({error.filename})",
            hint=f"delete it yourself: rm -r {project.state_dir}",
            code="purge_failed",
        ) from error


def command(run: Run[Options] = run) -> Command:
    """Return the command's parser."""

    def down(
        deps: Deps,
        *,
        services: Annotated[
            list[str] | None, Argument(help="Stop only these services.", offered=offers.services)
        ] = None,
        purge: Annotated[
            bool, Option("--purge", help="Delete the project's data, keys and logs as well.")
        ] = False,
        yes: Annotated[bool, Option("-y", "--yes", help="Do not ask before deleting.")] = False,
    ) -> ExitCode:
        """Stop the platform, or some services of it; nothing stays behind.

        Running requests have 10 s to finish; what is left then is ended.

        Examples:
          wattos down
          wattos down chat
          wattos down --purge --yes
        """
        return run(Options(tuple(services or ()), purge, yes), deps)

    return down
