"""`wattos drill run`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from wattos_cli.commands.drill.options import Options
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.drills.files.built_in import built_in_names
from wattos_cli.errors import ExitCode, usage
from wattos_cli.parameters import Argument, Option

if TYPE_CHECKING:
    from wattos_cli.drills.drill import Drill
    from wattos_cli.drills.outcome import Outcome
    from wattos_cli.drills.runner.harness import Harness

_SIGNALS = {"interrupted": ExitCode.INTERRUPTED, "terminated": ExitCode.TERMINATED}


def run(opts: Options, deps: Deps) -> ExitCode:
    """Run the drills one after the other; the exit code says whether every one was as it must be."""
    from wattos_cli.clients.running import project_of
    from wattos_cli.commands.drill.reports import Reports
    from wattos_cli.drills.files.catalogue import drills_called
    from wattos_cli.drills.runner import broken_already, preflight
    from wattos_cli.drills.runner.exclusive import alone
    from wattos_cli.drills.runner.interruptions import Interruptions
    from wattos_cli.drills.runner.live import live_harness
    from wattos_cli.report_folder import alone_in

    if opts.drills and opts.all_:
        told = f"--all means every built-in drill: it does not go with {' '.join(opts.drills)}"
        raise usage(told, "leave out one of the two: wattos drill run --all")
    if not opts.drills and not opts.all_:
        raise usage("which drills? name some, or all with --all", "wattos drill run llm-outage")
    drills = drills_called(opts.drills or built_in_names(), deps.cwd)
    project = project_of(deps)
    preflight.check(drills, deps, project)
    reports = Reports(deps, opts, [drill.name for drill in drills])
    folder = opts.report_dir and deps.cwd / opts.report_dir
    with alone_in(folder), alone(project), Interruptions() as shield:
        broken_already.check(drills, deps, project)
        return run_all(drills, live_harness(deps, project, shield), deps, reports.add)


def run_all(
    drills: "Sequence[Drill]", harness: "Harness", deps: Deps, ended: "Callable[[Outcome], None]"
) -> ExitCode:
    """Run `drills` on `harness`, telling each step, and return the exit code.

    `ended` is called with each outcome. A signal ends the drill it finds, and no other begins.
    """
    from wattos_cli.commands.drill.progress import Progress
    from wattos_cli.drills.runner.perform import perform

    outcomes = []
    for drill in drills:
        deps.console.note(f"{drill.name}: {drill.summary}")
        outcome = perform(drill, harness, Progress(deps.console))
        outcomes.append(outcome)
        ended(outcome)
        if outcome.signal:
            return _SIGNALS[outcome.signal]
    verdicts = {outcome.verdict for outcome in outcomes}
    if "fail" in verdicts:
        return ExitCode.NO
    return ExitCode.UNREACHABLE if "invalid" in verdicts else ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos drill run`."""

    def drill(
        deps: Deps,
        *,
        drills: Annotated[
            list[str] | None, Argument(help="Built-in drills, or files.", offered=built_in_names)
        ] = None,
        all_: Annotated[bool, Option("--all", help="Every built-in drill.")] = False,
        report: Annotated[
            Path | None,
            Option("--report", metavar="DIR", help="Write NAME.json, NAME.md of each, and junit.xml."),
        ] = None,
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
        json_file: Annotated[
            Path | None, Option("--json", metavar="FILE", help="Write the results, one per line.")
        ] = None,
    ) -> ExitCode:
        """Break something on purpose, under load, and see whether the platform does what it promises.

        First it must be steady, then something is broken for a while, then it must recover. Whatever happens,
        Ctrl-C too, what was broken is mended; each fault would end by itself.

        Built in: cascading, db-loss, llm-429, llm-outage, llm-slow, process-crash, recovery-herd, redis-loss,
        stream-stall.

        0: everything was as the drill demands. 1: something was not. 3: a drill's file has mistakes. 4: what
        it needs does not run, a real provider would be struck, or the platform was not steady before.

        Examples:
          wattos drill run llm-outage
          wattos drill run --all --report out/ --junit drills.xml
          wattos drill run ./my.toml -o json
        """
        return run(Options(tuple(drills or ()), all_, report, junit, json_file), deps)

    return drill
