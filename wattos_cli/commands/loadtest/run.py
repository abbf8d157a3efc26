"""`wattos loadtest run`, which `wattos loadtest SCENARIO` means."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wattos_cli.commands.loadtest.options import flags
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.loadtest.generation import started
from wattos_cli.loadtest.plan import Engine

_ENGINES: Mapping[flags.EngineName | None, Engine] = {
    flags.EngineName.LOCUST: "locust",
    flags.EngineName.FAST: "fast",
}
if TYPE_CHECKING:
    from wattos_cli.commands.loadtest.running.runner import Runner, Start
    from wattos_cli.loadtest.result.shape import Result

_CODES = {"pass": ExitCode.OK, "fail": ExitCode.NO, "invalid": ExitCode.UNREACHABLE}


def run(opts: Options, deps: Deps, *, start: "Start" = started) -> ExitCode:
    """Run the scenario, hold its thresholds against what was measured, and say so in every form asked for."""
    from wattos_cli.commands.loadtest.options.master_port import require_free
    from wattos_cli.commands.loadtest.options.run_spec import run_spec
    from wattos_cli.commands.loadtest.reporting.baseline import baseline_of
    from wattos_cli.commands.loadtest.reporting.output import announce, prepare_files, tell
    from wattos_cli.commands.loadtest.running.runner import Runner
    from wattos_cli.commands.loadtest.target.access import target_for
    from wattos_cli.report_folder import alone_in

    spec = run_spec(opts, deps.cwd)
    baseline = baseline_of(opts, deps)
    prepare_files(opts, deps)
    if opts.master:
        require_free(opts.master)
    folder = None if opts.worker or opts.report_dir is None else deps.cwd / opts.report_dir
    with alone_in(folder), target_for(spec, opts, deps) as target:
        runner = Runner(spec, target, opts, deps, start)
        if opts.worker:
            runner.work()
            return ExitCode.OK
        if baseline:
            baseline.require_promising(runner.planned(), runner.plan)
        title = announce(spec, target, opts, deps.console)
        result, cut = _measured(runner, title)
        result = baseline.held_against(result) if baseline else result
        tell(result, opts, deps)  # what is cleared afterwards may take a while
    if cut is not None:
        raise cut
    if baseline:
        baseline.require_comparable(result)
    return _CODES[result.verdict]


def _measured(runner: "Runner", title: str) -> "tuple[Result, BaseException | None]":
    """Return the result, and the Ctrl-C or SIGTERM that ended the run, to be raised once it is told."""
    from wattos_cli.commands.loadtest.running.limit_search import LimitSearch

    if runner.opts.find_limit:
        return LimitSearch(runner).result()
    watched = runner.run(runner.plan, title)
    return runner.result(runner.plan, watched), watched.cut


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos loadtest run`."""

    def loadtest(
        deps: Deps,
        *,
        scenario: flags.Scenario = None,
        users: flags.Users = None,
        spawn_rate: flags.SpawnRate = None,
        duration: flags.Duration = None,
        stages: flags.Stages = None,
        rate: flags.Rate = None,
        find_limit: flags.FindLimit = False,
        poisson: flags.Poisson = False,
        engine: flags.Engine = None,
        processes: flags.Processes = 1,
        master: flags.Master = None,
        workers: flags.Workers = 1,
        worker: flags.Worker = None,
        ui: flags.Ui = False,
        model: flags.Model = None,
        allow_paid: flags.AllowPaid = False,
        max_usd: flags.MaxUsd = None,
        seed: flags.Seed = 0,
        threshold: flags.Threshold = None,
        baseline: flags.Baseline = None,
        allow_other_machine: flags.AllowOtherMachine = False,
        no_abort: flags.NoAbort = False,
        quiet: flags.Quiet = False,
        host: flags.Host = None,
        locustfile: flags.Locustfile = None,
        json_file: flags.JsonFile = None,
        junit: flags.JunitFile = None,
        report: flags.ReportDir = None,
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
