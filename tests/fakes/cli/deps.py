"""The dependencies of a command, with streams in memory and a clock that only `sleep` moves."""

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fakes.cli.http import FakeHttp
from wattos_cli.console import Console
from wattos_cli.deps import Deps, Gateway, Http


class Terminal(io.StringIO):
    """Text that claims to be shown on a terminal."""

    def isatty(self) -> bool:
        return True


class FakeTime:
    """A clock that stands still until somebody sleeps."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def make_deps(
    *,
    cwd: Path = Path("/"),
    environ: Mapping[str, str] | None = None,
    stdin: str = "",
    json_output: bool = False,
    width: int = 100,
    time: FakeTime | None = None,
    http: Http | None = None,
    terminal: bool = False,
) -> Deps:
    time = time or FakeTime()
    stdout = Terminal() if terminal else io.StringIO()
    console = Console(stdout, io.StringIO(), json_output=json_output, width=width)
    return Deps(
        console=console,
        environ=environ or {},
        cwd=cwd,
        stdin=io.StringIO(stdin),
        clock=time.read,
        monotonic=time.read,
        sleep=time.sleep,
        http=http or FakeHttp(),
        gateway=_no_gateway,
    )


def _no_gateway(url: str, token: str) -> Gateway:
    raise AssertionError(f"this test expects no call to {url}")


def write_running(root: Path, *rows: dict[str, Any]) -> None:
    """Write the run state of a platform at `root`, with an operator token."""
    run = root / ".wattos" / "run"
    run.mkdir(parents=True, exist_ok=True)
    (run / "operator.token").write_text("op-token\n")
    defaults = {"replica": 0, "kind": "bundled", "state": "ready", "url": "http://127.0.0.1:1"}
    services = [{**defaults, "ops_socket": f"/run/{row['name']}.sock", **row} for row in rows]
    start_time = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    supervisor = {"pid": os.getpid(), "start_time": start_time}
    state = {
        "schema": "wattos.services/v1",
        "project": str(root),
        "supervisor": supervisor,
        "services": services,
    }
    (run / "services.json").write_text(json.dumps(state))


def out(deps: Deps) -> str:
    assert isinstance(deps.console.stdout, io.StringIO)
    return deps.console.stdout.getvalue()


def err(deps: Deps) -> str:
    assert isinstance(deps.console.stderr, io.StringIO)
    return deps.console.stderr.getvalue()
