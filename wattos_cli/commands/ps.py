"""`wattos ps`: every service and its state."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Option

if TYPE_CHECKING:
    from wattos_cli.project import Project

SCHEMA = "wattos.ps/v1"
_STATUS_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Options:
    """`all_projects` lists the platforms of every project of this user."""

    all_projects: bool = False


def run(opts: Options, deps: Deps) -> ExitCode:
    """Show what runs; exit 0 also when that is nothing."""
    from wattos_cli import project

    projects = list(project.known_projects(deps.environ)) if opts.all_projects else [project.find(deps.cwd)]
    listed = [(each, _rows(each, deps)) for each in projects]
    if opts.all_projects:
        listed = [(each, rows) for each, rows in listed if _any_running(rows)]
    if deps.console.json_output:
        deps.console.json(_document(listed, with_project=opts.all_projects))
        return ExitCode.OK
    _print(listed, deps, with_project=opts.all_projects)
    return ExitCode.OK


def _rows(project: "Project", deps: Deps) -> list[dict[str, Any]]:
    """Return the public rows of one project: as its supervisor tells them, else as it last wrote them."""
    from wattos_cli.supervisor import launch, listing
    from wattos_cli.supervisor.client import SupervisorGoneError

    try:
        with launch.connect(project) as client:
            rows = client.request("status", timeout_s=_STATUS_TIMEOUT_S)["rows"]
    except (SupervisorGoneError, TimeoutError) as error:
        state = project.read_services() or {}
        rows = state.get("services", []) if state.get("supervisor") else []
        if rows and isinstance(error, TimeoutError):
            deps.console.note(f"the supervisor of {project.root} does not answer: this is what it wrote last")
    return [listing.public(row, deps.clock()) for row in rows]


def _any_running(rows: list[dict[str, Any]]) -> bool:
    return any(row["state"] != "stopped" for row in rows)


def _document(listed: list[tuple["Project", list[dict[str, Any]]]], *, with_project: bool) -> dict[str, Any]:
    services = [
        {**row, "project": str(project.root)} if with_project else row
        for project, rows in listed
        for row in rows
    ]
    return {"schema": SCHEMA, "services": services}


def _print(listed: list[tuple["Project", list[dict[str, Any]]]], deps: Deps, *, with_project: bool) -> None:
    from wattos_cli.supervisor import listing

    if not any(rows for _, rows in listed):
        if any(project.broke_off() for project, _ in listed):
            deps.console.note("The platform ended without being stopped; see why: wattos logs supervisor")
        deps.console.note("Nothing is running. Start the platform with: wattos up")
        return
    for number, (project, rows) in enumerate(listed):
        if with_project:
            deps.console.data(f"{'' if number == 0 else chr(10)}{project.root}")
        deps.console.data(listing.ps_table(rows))
    for _, rows in listed:
        for row in rows:
            if row["reason"] and row["state"] != "ready":
                deps.console.note(f"{listing.instance(row)}: {row['reason']}")


def command(run: Run[Options] = run) -> Command:
    """Return the command's parser."""

    def ps(
        deps: Deps,
        *,
        all_projects: Annotated[bool, Option("-a", "--all", help="List every project of yours.")] = False,
    ) -> ExitCode:
        """Show every service: state, pid, uptime, restarts, CPU, memory (PSS in MiB), url.

        Examples:
          wattos ps
          wattos ps --all
          wattos ps -o json
        """
        return run(Options(all_projects), deps)

    return ps
