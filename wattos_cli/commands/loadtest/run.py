"""`wattos loadtest run`, which `wattos loadtest SCENARIO` means."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from wattos_cli.commands.loadtest.options import Options
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.loadtest.generation import started
from wattos_cli.loadtest.plan import Engine
from wattos_cli.parameters import Argument, Option


class EngineName(StrEnum):
    """What makes the load."""

    LOCUST = "locust"
    FAST = "fast"


_ENGINES: Mapping[EngineName | None, Engine] = {EngineName.LOCUST: "locust", EngineName.FAST: "fast"}
if TYPE_CHECKING:
    from wattos_cli.commands.loadtest.running import Runner, Start

_CODES = {"pass": ExitCode.OK, "fail": ExitCode.NO, "invalid": ExitCode.UNREACHABLE}


def run(opts: Options, deps: Deps, *, start: "Start" = started) -> ExitCode:
    """Run the scenario, hold its thresholds against what was measured, and say so in every form asked for."""
    from wattos_cli.commands.loadtest.asked import asked_for
    from wattos_cli.commands.loadtest.baseline import baseline_of
    from wattos_cli.commands.loadtest.running import Runner
    from wattos_cli.commands.loadtest.target import target_for
    from wattos_cli.commands.loadtest.told import announce, prepare_files, tell

    asked = asked_for(opts, deps.cwd)
    baseline = baseline_of(opts, deps)
    prepare_files(opts, deps.cwd)
    with target_for(asked, opts, deps) as target:
        runner = Runner(asked, target, opts, deps, start)
        if opts.worker:
            runner.work()
            return ExitCode.OK
        if baseline:
            baseline.require_promising(runner.planned())
        title = announce(asked, target, opts, deps.console)
        result, cut = _measured(runner, title)
    result = baseline.held_against(result) if baseline else result
    tell(result, opts, deps)
    if cut is not None:
        raise cut
    if baseline:
        baseline.require_comparable(result)
    return _CODES[str(result["verdict"])]


def _measured(runner: "Runner", title: str) -> tuple[dict[str, Any], BaseException | None]:
    """Return the result, and the Ctrl-C or SIGTERM that ended the run, to be raised once it is told."""
    from wattos_cli.commands.loadtest.limiting import Limiting

    if runner.opts.find_limit:
        return Limiting(runner).result()
    with runner.beside():
        watched = runner.run(runner.plan, title)
    return runner.result(runner.plan, watched), watched.cut


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos loadtest run`."""

    def loadtest(
        deps: Deps,
        *,
        scenario: Annotated[
            str | None, Argument(help="smoke, chat, chat-stream, rag-search, ingest, agent-run or mixed.")
        ] = None,
        users: Annotated[
            int | None,
            Option("--users", metavar="N", help="Virtual users; with --rate the most that are busy at once."),
        ] = None,
        spawn_rate: Annotated[
            float | None, Option("--spawn-rate", metavar="N", help="Users started a second.")
        ] = None,
        duration: Annotated[
            str | None, Option("--duration", metavar="TIME", help="How long: 30s, 5m.")
        ] = None,
        stages: Annotated[
            str, Option("--stages", metavar="LIST", help="Users in the course of time: 30s:10,1m:50.")
        ] = "",
        rate: Annotated[
            str, Option("--rate", metavar="N", help="Arrivals a second, whoever is busy: 50, 10..200.")
        ] = "",
        find_limit: Annotated[
            bool,
            Option("--find-limit", help="Find the largest rate that holds; --rate N is the first tried."),
        ] = False,
        poisson: Annotated[bool, Option("--poisson", help="Let them arrive at random times.")] = False,
        engine: Annotated[
            EngineName | None, Option("--engine", help="What makes the load.", default_text="locust")
        ] = None,
        processes: Annotated[int, Option("--processes", metavar="N", help="Processes that make it.")] = 1,
        master: Annotated[
            str, Option("--master", metavar="HOST:PORT", help="Make it with --worker commands elsewhere.")
        ] = "",
        workers: Annotated[int, Option("--workers", metavar="N", help="How many come to --master.")] = 1,
        worker: Annotated[
            str, Option("--worker", metavar="HOST:PORT", help="Work for the --master there.")
        ] = "",
        ui: Annotated[bool, Option("--ui", help="Show Locust's own page, at port 8089.")] = False,
        model: Annotated[
            str, Option("--model", metavar="NAME", help="Ask this model instead of the free local one.")
        ] = "",
        allow_paid: Annotated[
            bool, Option("--allow-paid", help="Let it be a model that costs money; needs --max-usd.")
        ] = False,
        max_usd: Annotated[
            float | None, Option("--max-usd", metavar="N", help="Spend at most so many US dollars.")
        ] = None,
        seed: Annotated[int, Option("--seed", metavar="N", help="Which choices users make.")] = 0,
        threshold: Annotated[
            list[str] | None,
            Option(
                "--threshold", metavar="EXPR", help="What must hold, instead of the scenario's: p95<500ms."
            ),
        ] = None,
        baseline: Annotated[
            Path | None, Option("--baseline", metavar="FILE", help="Fail if slower than this earlier result.")
        ] = None,
        allow_other_machine: Annotated[
            bool, Option("--allow-other-machine", help="Compare although the machines differ.")
        ] = False,
        no_abort: Annotated[
            bool, Option("--no-abort", help="Go on even when no threshold can hold any more.")
        ] = False,
        quiet: Annotated[bool, Option("-q", "--quiet", help="Show nothing while it runs.")] = False,
        host: Annotated[
            str | None, Option("--host", metavar="URL", help="Another target; its key in WATTOS_TOKEN.")
        ] = None,
        locustfile: Annotated[
            Path | None,
            Option(
                "--locustfile",
                metavar="FILE",
                help="Run a locustfile of your own; scenarios of thresholds.toml beside it.",
            ),
        ] = None,
        json_file: Annotated[Path | None, Option("--json", metavar="FILE", help="Write the result.")] = None,
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
        report: Annotated[
            Path | None, Option("--report", metavar="DIR", help="Write result.json and its reports.")
        ] = None,
    ) -> ExitCode:
        """Put load on the platform; thresholds decide the exit code.

        0: all thresholds hold. 1: one does not, or there is no sample. 4: the target is down or the run is
        invalid. Users come as the temporary tenant `loadtest`; no limiter is switched off for them. Ctrl-C
        ends the run and reports what ran; again: at once.

        Examples:
          wattos loadtest smoke
          wattos loadtest smoke --users 10 --duration 1m --threshold 'p95<500ms' --junit load.xml
          wattos loadtest chat --stages '30s:10,1m:50,30s:10'
          wattos loadtest rag-search --rate '10..100' --duration 2m --report out/
        """
        from wattos_cli.config.durations import option_seconds

        duration_s = option_seconds(duration, "--duration") if duration is not None else None
        return run(
            Options(
                scenario=scenario,
                users=users,
                spawn_rate=spawn_rate,
                duration_s=duration_s,
                stages=stages,
                rate=rate,
                poisson=poisson,
                find_limit=find_limit,
                engine=_ENGINES.get(engine),
                processes=processes,
                master=master,
                workers=workers,
                worker=worker,
                ui=ui,
                model=model,
                allow_paid=allow_paid,
                max_usd=max_usd,
                seed=seed,
                thresholds=tuple(threshold or ()),
                baseline=baseline,
                allow_other_machine=allow_other_machine,
                abort=not no_abort,
                quiet=quiet,
                host=host,
                locustfile=locustfile,
                json_file=json_file,
                junit_file=junit,
                report_dir=report,
            ),
            deps,
        )

    return loadtest
