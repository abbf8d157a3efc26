"""`wattos loadtest run`, which `wattos loadtest SCENARIO` means."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.generator import generate
from wattos_cli.loadtest.measured import Measured
from wattos_cli.loadtest.plan import Plan
from wattos_cli.parameters import Argument, Option
from wattos_cli.render import loadtest as render
from wattos_cli.reports import add_to_summary

Generate = Callable[[Plan, Mapping[str, str], Callable[[float], None]], Measured]
_TELL_S = 5.0
_CODES = {"pass": ExitCode.OK, "fail": ExitCode.NO, "invalid": ExitCode.UNREACHABLE}


@dataclass(frozen=True)
class Options:
    """What to run, against what, and where the result goes; None means as the scenario says."""

    scenario: str = "smoke"
    users: int | None = None
    spawn_rate: float | None = None
    duration_s: float | None = None
    thresholds: tuple[str, ...] = ()
    host: str | None = None
    json_file: Path | None = None
    junit_file: Path | None = None
    report_dir: Path | None = None


def run(opts: Options, deps: Deps, *, generate: Generate = generate) -> ExitCode:
    """Run the scenario, hold its thresholds against what was measured, and say so in every form asked for."""
    from wattos_cli.commands.loadtest.asked import asked_for
    from wattos_cli.commands.loadtest.target import target_for
    from wattos_cli.loadtest.judgement import judge, objectives_ms
    from wattos_cli.loadtest.outcome import outcome

    asked = asked_for(opts)
    _prepare_files(opts, deps.cwd)
    with target_for(asked, opts.host, deps) as target:
        plan = Plan(
            locustfile=asked.scenario.locustfile,
            journeys=asked.scenario.journeys,
            host=target.url,
            users=asked.users,
            spawn_rate=asked.spawn_rate,
            duration_s=asked.duration_s,
            tokens=target.tokens,
            objectives_ms=objectives_ms(asked.thresholds),
        )
        described = {
            "target": target.url,
            "users": asked.users,
            "spawn_rate": asked.spawn_rate,
            "tenant": target.tenant,
        }
        deps.console.note(
            f"{asked.scenario.name}: {asked.users} users for {asked.duration_s:g} s against {target.url}\n"
            f"{render.limits(described)}"
        )
        measured = generate(plan, deps.environ, _telling(asked.duration_s, deps))
    result = outcome(asked.scenario.name, measured, judge(asked.thresholds, measured), described)
    _tell(result, opts, deps)
    return _CODES[str(result["verdict"])]


def _telling(duration_s: float, deps: Deps) -> Callable[[float], None]:
    """Return a sleep that says about ten times in a run, at most every five seconds, how far it is."""
    step_s = max(_TELL_S, duration_s / 10)
    begin = deps.monotonic()
    due_s = step_s

    def sleep(seconds: float) -> None:
        nonlocal due_s
        deps.sleep(seconds)
        passed_s = deps.monotonic() - begin
        if due_s <= passed_s < duration_s:
            due_s += step_s
            deps.console.note(f"  {passed_s:.0f} s of {duration_s:g} s")

    return sleep


def _tell(result: dict[str, Any], opts: Options, deps: Deps) -> None:
    """Write the result to stdout, to the files asked for and to what CI shows."""
    console = deps.console
    if console.json_output:
        console.json(result)
    else:
        console.data(render.as_table(result, color=console.color))
    whole = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    contents = {"json": whole, "junit": render.as_junit(result), "markdown": render.as_markdown(result)}
    for path, form in _files(opts, deps.cwd):
        path.write_text(contents[form], encoding="utf-8")
    add_to_summary(deps, render.as_markdown(result))
    for line in render.annotations(result, deps.environ):
        console.note(line)


def _files(opts: Options, cwd: Path) -> list[tuple[Path, str]]:
    """Return the files to write, each with its form."""
    asked = [(opts.json_file, "json"), (opts.junit_file, "junit")]
    if opts.report_dir:
        asked += [(opts.report_dir / "result.json", "json"), (opts.report_dir / "junit.xml", "junit")]
        asked.append((opts.report_dir / "summary.md", "markdown"))
    return [(cwd / path, form) for path, form in asked if path is not None]


def _prepare_files(opts: Options, cwd: Path) -> None:
    """Make the files to write, so that no run is lost for want of a folder; WattosError if that fails."""
    for path, _ in _files(opts, cwd):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError as error:
            raise WattosError(
                f"cannot write {path}: {error.strerror}",
                hint="name a file in a folder that you may write",
                code="report_not_writable",
                exit_code=ExitCode.USAGE,
                details={"path": str(path)},
            ) from error


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos loadtest run`."""

    def loadtest(
        deps: Deps,
        *,
        scenario: Annotated[str, Argument(help="smoke, chat, chat-stream or rag-search.")] = "smoke",
        users: Annotated[int | None, Option("--users", metavar="N", help="Virtual users.")] = None,
        spawn_rate: Annotated[
            float | None, Option("--spawn-rate", metavar="N", help="Users started a second.")
        ] = None,
        duration: Annotated[
            str | None, Option("--duration", metavar="TIME", help="How long: 30s, 5m.")
        ] = None,
        threshold: Annotated[
            list[str] | None,
            Option(
                "--threshold", metavar="EXPR", help="What must hold, instead of the scenario's: p95<500ms."
            ),
        ] = None,
        host: Annotated[
            str | None, Option("--host", metavar="URL", help="Another target; its key in WATTOS_TOKEN.")
        ] = None,
        json_file: Annotated[Path | None, Option("--json", metavar="FILE", help="Write the result.")] = None,
        junit: Annotated[Path | None, Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
        report: Annotated[
            Path | None, Option("--report", metavar="DIR", help="Write result.json, junit.xml, summary.md.")
        ] = None,
    ) -> ExitCode:
        """Put load on the platform; thresholds decide the exit code.

        0: all thresholds hold. 1: one does not, or there is no sample. 4: the target is down or the run is
        invalid. Users come as the temporary tenant `loadtest`; no limiter is switched off for them.

        Examples:
          wattos loadtest smoke
          wattos loadtest smoke --users 10 --duration 1m --threshold 'p95<500ms' --junit load.xml
          wattos loadtest rag-search --threshold 'errors:rate<0.1%' --report out/
        """
        from wattos_cli.config.durations import option_seconds

        duration_s = option_seconds(duration, "--duration") if duration is not None else None
        return run(
            Options(
                scenario=scenario,
                users=users,
                spawn_rate=spawn_rate,
                duration_s=duration_s,
                thresholds=tuple(threshold or ()),
                host=host,
                json_file=json_file,
                junit_file=junit,
                report_dir=report,
            ),
            deps,
        )

    return loadtest
