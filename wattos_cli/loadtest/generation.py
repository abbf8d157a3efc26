"""The load generator as a process of its own: started, watched through its journal, stopped in any case."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import wattos_cli
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.driving.parent import JOURNAL, PARENT, PLAN_FILE
from wattos_cli.loadtest.driving.run_folder import run_folder
from wattos_cli.loadtest.locust_side import command_line
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.journal import Tail
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Crew, Plan
from wattos_cli.loadtest.transcript import Transcript
from wattos_cli.loadtest.watchdog import Watchdog

_STOP_S = 20.0
_FIRST_LINES, _LAST_LINES, _LINE_CHARS = 3, 12, 500
"""So much is told of what it said, when it broke off."""
_LAST_WORDS_S = 5.0
_GAVE_UP = "Gave up waiting for workers"
"""What Locust says when too few have come."""
_TABLES = "\nType     Name "


class Generation:
    """A generator that runs; `poll` often, then `result`.

    It ends with the thread that started it.
    """

    def __init__(
        self, process: "subprocess.Popen[bytes]", folder: Path, plan: Plan, watchdog: Watchdog
    ) -> None:
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        self._process = process
        self._transcript = Transcript(process.stdout)
        self._plan = plan
        self._watchdog = watchdog
        self._tail = Tail(folder / JOURNAL)
        self.measured = Measured()
        """What was counted until the last `poll`."""

    @property
    def running(self) -> bool:
        """Return whether it still runs."""
        return self._process.poll() is None

    def poll(self) -> list[Interval]:
        """Return what was counted since the last call; a generator that hangs is ended."""
        found = self._tail.poll()
        for interval in found:
            self.measured.add(interval)
        self.measured.ending, self.measured.workers = self._tail.ending, self._tail.workers
        hangs = self._watchdog.look(heard=bool(found), ended=self._tail.ending is not None)
        if hangs is not None and self.running:
            self._kill()
            self.measured.broken = hangs
        return found

    def stop(self) -> None:
        """Ask it to finish what is under way; in the end it and all that it started are gone."""
        if self.running:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        self._kill()

    def _kill(self) -> None:
        """End what is left of it: a worker that was not ready yet does not hear that its master ends."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def result(self) -> Measured:
        """Return all that was counted; WattosError (exit 4) with its last lines if it counted nothing at all.

        What was counted before it broke off is returned without an `ending`.
        """
        self.poll()
        if self.measured.ending is None:
            self.measured.broken = self.measured.broken or self._how_it_ended()
            if not self.measured.intervals:
                raise self._failed()
        return self.measured

    def _how_it_ended(self) -> str:
        code = self._process.poll() or 0
        if code < 0:
            return f"it was killed by {signal.Signals(-code).name}"
        last = self._lines()[-1:]
        return ": ".join([f"it ended with exit code {code} in the middle", *last])

    def _lines(self) -> list[str]:
        """Return the last lines that it said, without the tables that Locust prints at its end.

        If not all was kept, the first ones stand before them.
        """
        said = self._transcript.said(_LAST_WORDS_S)
        lines = said.end.partition(_TABLES)[0].strip().splitlines()[-_LAST_LINES:]
        if said.left_out:
            first = said.beginning.strip().splitlines()[:_FIRST_LINES]
            lines = [*first, f"... {said.left_out:,} bytes are left out ...", *lines]
        return [line[:_LINE_CHARS] for line in lines]

    def _failed(self) -> WattosError:
        code, lines = self._process.poll(), self._lines()
        if self._plan.crew.role == "master" and any(_GAVE_UP in line for line in lines):
            return _workers_missing(self._plan.crew, self.measured.workers)
        return WattosError(
            "\n  ".join([f"the load generator ended (exit {code}) without a result; it said:", *lines]),
            hint=_remedy(self._plan),
            code="generator_failed",
            exit_code=ExitCode.UNREACHABLE,
            details={"exit_code": code},
        )


def _workers_missing(crew: Crew, came: int) -> WattosError:
    """Return the error of a master whose workers did not all come."""
    return WattosError(
        f"{came} of {crew.workers} workers came to {crew.address} within {crew.wait_s:g} s",
        hint=f"each comes with: {crew.joining}   (can they reach this address?)",
        code="workers_missing",
        exit_code=ExitCode.UNREACHABLE,
        details={"came": came, "expected": crew.workers},
    )


def _remedy(plan: Plan) -> str:
    """Return what to look at when a generator did not even begin."""
    if plan.crew.role == "worker":
        return f"is its master there? wattos loadtest SCENARIO --master {plan.crew.address} --workers N"
    if plan.crew.role == "master":
        return f"can it listen at {plan.crew.address}? is anybody there already?"
    return f"a mistake in {plan.locustfile}?"


@contextmanager
def started(plan: Plan, environ: Mapping[str, str]) -> Iterator[Generation]:
    """Start the plan; whatever ends the block, the process ends with it."""
    with run_folder() as folder:
        (folder / "plan.json").write_text(plan.dump(), encoding="utf-8")
        process = subprocess.Popen(
            _argv(plan),
            bufsize=0,
            cwd=folder,
            env=_environment(environ, folder, plan),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        generation = Generation(process, folder, plan, Watchdog(plan, time.monotonic))
        try:
            yield generation
        finally:
            generation.stop()


def _argv(plan: Plan) -> list[str]:
    if plan.engine == "fast":
        return [sys.executable, "-m", "wattos_cli.loadtest.fast"]
    return command_line.arguments(plan)


def _environment(environ: Mapping[str, str], folder: Path, plan: Plan) -> dict[str, str]:
    """Return the child's environment: ours without LOCUST_*, the plan's place, the way to our package.

    What it says arrives in the order in which it says it: an error comes last. Users of a foreign locustfile
    find one of the plan's tokens in WATTOS_TOKEN.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith("LOCUST_")}
    package = str(Path(wattos_cli.__file__).resolve().parents[1])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (package, environ.get("PYTHONPATH", ""))))
    kept["PYTHONUNBUFFERED"] = "1"
    if plan.tokens:
        kept["WATTOS_TOKEN"] = plan.tokens[0]
    kept[PLAN_FILE] = str(folder / "plan.json")
    kept[PARENT] = str(os.getpid())
    return kept
