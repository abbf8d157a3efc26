"""`wattos drill list`, which `wattos drill` means."""

from dataclasses import dataclass

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


def run(_opts: Options, deps: Deps) -> ExitCode:
    """List the built-in drills: what each breaks, and what must run for it."""
    from wattos_cli.drills.drill import up_command
    from wattos_cli.drills.files.built_in import built_in_files
    from wattos_cli.drills.files.reading import read_drill
    from wattos_cli.render import drill as render
    from wattos_platform import catalog

    drills = [read_drill(path) for path in built_in_files().values()]
    rows = [
        {
            "name": each.name,
            "summary": each.summary,
            "hypothesis": each.hypothesis,
            "needs": sorted(each.needs),
            "providers": list(each.requires.providers),
            "longest_s": each.phases.steady + each.phases.fault + each.phases.recovery,
        }
        for each in drills
    ]
    console = deps.console
    if console.json_output:
        console.json({"schema": "wattos.drill-list/v1", "drills": rows})
    else:
        cells = [
            (each.name, ", ".join(sorted(each.needs & catalog.OPTIONAL)) or "-", each.summary)
            for each in drills
        ]
        console.data(render.as_list(cells, width=console.table_width, color=console.color))
        console.note("run one: wattos drill run NAME   read one: wattos drill show NAME")
        console.note(f"for all of them: {up_command(drills)}")
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos drill list`."""

    def list_(deps: Deps) -> ExitCode:
        """List the built-in drills: what each breaks, and what must run for it.

        Examples:
          wattos drill
          wattos drill list -o json
        """
        return run(Options(), deps)

    return list_
