"""The dependencies of a command, with streams in memory and a clock that only `sleep` moves."""

import io
from collections.abc import Mapping
from pathlib import Path

from wattos_cli.console import Console
from wattos_cli.deps import Deps


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
) -> Deps:
    time = time or FakeTime()
    console = Console(io.StringIO(), io.StringIO(), json_output=json_output, width=width)
    return Deps(
        console=console,
        environ=environ or {},
        cwd=cwd,
        stdin=io.StringIO(stdin),
        clock=time.read,
        monotonic=time.read,
        sleep=time.sleep,
    )


def out(deps: Deps) -> str:
    assert isinstance(deps.console.stdout, io.StringIO)
    return deps.console.stdout.getvalue()


def err(deps: Deps) -> str:
    assert isinstance(deps.console.stderr, io.StringIO)
    return deps.console.stderr.getvalue()
