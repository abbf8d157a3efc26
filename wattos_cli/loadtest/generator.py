"""Locust as a process of its own: started, waited for, stopped in any case; its result read from a file."""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import wattos_cli
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.loadtest.measured import Measured

_POLL_S = 0.2
_FINISH_S = 10
_LATEST_S = 120.0
_STOP_S = 20.0
_SAID_LINES = 12


@dataclass(frozen=True)
class Plan:
    """What the generator is to do; `tokens` are for its users, one after the other."""

    locustfile: Path
    user_classes: Sequence[str]
    host: str
    users: int
    spawn_rate: float
    duration_s: float
    tokens: Sequence[str] = ()
    objectives_ms: Mapping[str, float] = field(default_factory=dict)


def generate(plan: Plan, environ: Mapping[str, str], sleep: Callable[[float], None]) -> Measured:
    """Run the plan and return what was measured.

    WattosError (exit 4) with the generator's last lines if it breaks off; whatever ends this call, the
    process ends with it.
    """
    with tempfile.TemporaryDirectory(prefix="wattos-loadtest-") as name:
        folder = Path(name)  # 0700: the tokens lie in it
        said = folder / "said.txt"
        with said.open("wb") as output:
            process = subprocess.Popen(
                _argv(plan),
                cwd=folder,
                env=_environment(plan, environ, folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                _wait(process, plan.duration_s + _LATEST_S, sleep)
            finally:
                _stop(process)
        return _result(folder / "result.json", said, process.returncode)


def _argv(plan: Plan) -> list[str]:
    recorder = Path(__file__).with_name("recorder.py")
    return [
        *(sys.executable, "-m", "locust", "-f", f"{recorder},{plan.locustfile}"),
        *("--headless", "--only-summary", "--loglevel", "WARNING", "--exit-code-on-error", "0"),
        *("--users", str(plan.users), "--spawn-rate", f"{plan.spawn_rate:g}"),
        *("--run-time", f"{math.ceil(plan.duration_s)}s", "--stop-timeout", str(_FINISH_S)),
        *("--host", plan.host, *plan.user_classes),
    ]


def _environment(plan: Plan, environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the child's environment: ours without LOCUST_*, the plan's files, and the way to our package."""
    kept = {name: value for name, value in environ.items() if not name.startswith("LOCUST_")}
    package = str(Path(wattos_cli.__file__).resolve().parents[1])
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (package, environ.get("PYTHONPATH", ""))))
    kept["WATTOS_LOADTEST_RESULT"] = str(folder / "result.json")
    kept["WATTOS_LOADTEST_OBJECTIVES"] = json.dumps(plan.objectives_ms)
    if plan.tokens:
        tokens = folder / "tokens.txt"
        tokens.write_text("\n".join(plan.tokens), encoding="ascii")
        kept["WATTOS_LOADTEST_TOKENS_FILE"] = str(tokens)
    return kept


def _wait(process: "subprocess.Popen[bytes]", longest_s: float, sleep: Callable[[float], None]) -> None:
    waited_s = 0.0
    while process.poll() is None:
        if waited_s > longest_s:
            raise WattosError(
                f"the load generator did not end within {longest_s:.0f} s",
                hint="try fewer users, or a shorter --duration",
                code="generator_hung",
                exit_code=ExitCode.UNREACHABLE,
            )
        sleep(_POLL_S)
        waited_s += _POLL_S


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all that it started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _result(path: Path, said: Path, code: int) -> Measured:
    try:
        return Measured.load(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_SAID_LINES:]
        raise WattosError(
            "\n  ".join([f"the load generator ended (exit {code}) without a result; it said:", *lines]),
            hint="a mistake in the scenario's users? they lie in loadtests/users",
            code="generator_failed",
            exit_code=ExitCode.UNREACHABLE,
            details={"exit_code": code, "reason": str(error)},
        ) from None
