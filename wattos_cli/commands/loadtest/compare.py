"""`wattos loadtest compare`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.parameters import Argument, Option
from wattos_cli.reports import add_to_summary, require_apart, write_report

_SCHEMA = "wattos.loadtest-compare/v1"


@dataclass(frozen=True)
class Options:
    """The earlier and the later result."""

    baseline: Path
    now: Path
    allow_other_machine: bool = False
    junit: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print how the two compare; exit 1 for a regression."""
    import msgspec

    from wattos_cli.loadtest.comparison import comparability
    from wattos_cli.loadtest.comparison.compared import compare
    from wattos_cli.loadtest.result.reading import read
    from wattos_cli.render import loadtest as render
    from wattos_cli.render.safe import visible

    results = {"the baseline": opts.baseline, "the result": opts.now}
    require_apart(deps, results, {"--junit": opts.junit})
    baseline, now = read(deps.cwd / opts.baseline), read(deps.cwd / opts.now)
    comparability.require_comparable(baseline, now, allow_other_machine=opts.allow_other_machine)
    comparison = compare(baseline, now, str(opts.baseline))
    compared: dict[str, Any] = msgspec.to_builtins(comparison)
    console = deps.console
    if console.json_output:
        console.json({"schema": _SCHEMA, "now": str(opts.now), **compared})
    else:
        console.data(render.comparison(compared, color=console.color, width=console.table_width))
    if opts.junit is not None:
        write_report(deps, opts.junit, render.comparison_as_junit(compared))
    add_to_summary(deps, render.comparison_as_markdown(compared))
    console.note(visible(render.comparison_summary(compared)))
    return ExitCode.NO if comparison.regressions else ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos loadtest compare`."""

    def compare(
        deps: Deps,
        *,
        baseline: Annotated[Path, Argument(help="The earlier result.")],
        result: Annotated[Path, Argument(help="The later one.")],
        allow_other_machine: Annotated[
            bool, Option("--allow-other-machine", help="Compare although the machines differ.")
        ] = False,
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    ) -> ExitCode:
        """Say whether a run is slower than an earlier one, and how sure that is.

        Seconds are resampled in blocks, 1000 times. A regression is certain, and at least 5 % and 0.1 ms
        (errors: 0.5 percentage points), of all requests together or of the latency of one name that has a
        hundred of them. 0: none. 1: there is one. 4: the two do not measure the same thing.

        Examples:
          wattos loadtest compare main.json branch.json
          wattos loadtest compare main.json branch.json --junit compare.xml
        """
        return run(Options(baseline, result, allow_other_machine, junit), deps)

    return compare
