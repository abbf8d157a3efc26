"""How long health answers take while a dependency hangs: `python -m loadtests.bench.health [ANSWERS]`.

A real chat service, whose model gateway accepts connections and never answers, is asked for each depth of its
health over one kept connection. Prints percentiles of the time to the answer, and how much of a second the
service works for the checks themselves. The bar: p99 <= 5 ms.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from loadtests.bench.figures import Bar, Verdict, percentile
from loadtests.bench.processes import (
    PLATFORM_PATH,
    ROOT,
    connects,
    cpu_s,
    free_port,
    own_core,
    pinned,
    running,
)

ANSWERS = 3000
BAR_MS = 5.0
_PATHS = ("/health/liveness", "/health/readiness", "/health")
_SETTLE_S = 12.0
_IDLE_S = 10.0
_MS = 1000.0


@contextmanager
def hung() -> Iterator[int]:
    """Listen for the block and never answer; return the port. The kernel itself accepts the connections."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        yield listener.getsockname()[1]


@contextmanager
def chat(folder: Path, hung_port: int) -> Iterator[tuple[int, int]]:
    """Run chat over siblings that hang; return its port and process id."""
    (folder / "identity").write_text("an identity key of thirty-two bytes", encoding="ascii")
    port = free_port()
    environ = os.environ | {
        "PYTHONPATH": PLATFORM_PATH,
        "WATTOS_PORT": str(port),
        "WATTOS_DATA_DIR": str(folder),
        "WATTOS_RUN_DIR": str(folder),
        "WATTOS_IDENTITY_KEY_FILE": str(folder / "identity"),
        "WATTOS_LLM_GATEWAY_URL": f"http://127.0.0.1:{hung_port}",
        "WATTOS_RAG_URL": f"http://127.0.0.1:{hung_port}",
    }
    program = [sys.executable, "-m", "wattos_platform"]
    subprocess.run([*program, "migrate", "chat"], env=environ, cwd=ROOT, check=True)
    ready, log = lambda: connects(port), folder / "log"
    with running(pinned([*program, "serve", "chat"], own_core()), ready, environ, log=log) as pid:
        yield port, pid


def ask(port: int, path: str, answers: int) -> list[float]:
    """Return how long each of `answers` answers took, in milliseconds, in order of length."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    took_ms = []
    for _ in range(answers):
        begin = time.perf_counter()
        connection.request("GET", path)
        connection.getresponse().read()
        took_ms.append((time.perf_counter() - begin) * _MS)
    connection.close()
    return sorted(took_ms)


def run(answers: int) -> list[Verdict]:
    """Measure and return the figures."""
    verdicts = []
    with (
        tempfile.TemporaryDirectory() as folder,
        hung() as hung_port,
        chat(Path(folder), hung_port) as (port, pid),
    ):
        time.sleep(_SETTLE_S)  # until the checks have failed several times
        for path in _PATHS:
            took_ms = ask(port, path, answers)
            half, most, worst = (percentile(took_ms, share) for share in (0.5, 0.99, 1.0))
            print(f"{path}: p50 {half:.2f} ms, p99 {most:.2f} ms, worst {worst:.2f} ms")
            verdicts.append(Verdict(f"{path}, p99 with a hung dependency", most, Bar(most=BAR_MS), "ms"))
        before = cpu_s(pid)
        time.sleep(_IDLE_S)
        share = (cpu_s(pid) - before) / _IDLE_S * 100
        verdicts.append(Verdict("of a core, idle with its checks", share, Bar(), "%"))
    return verdicts


def main() -> int:
    """Print the figures; return 1 if one misses its bar."""
    verdicts = run(int(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS)
    for verdict in verdicts:
        print(verdict)
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
