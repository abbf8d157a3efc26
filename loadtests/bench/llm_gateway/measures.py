"""One measurement each: saturation, a fixed rate, streams, start and memory."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from loadtests.bench import nginx
from loadtests.bench.llm_gateway.contenders import SERVICE, Contender, Upstreams, environ_of
from loadtests.bench.llm_gateway.wire import STREAM_S, Aim, Order, Told
from loadtests.bench.processes import (
    ROOT,
    connects,
    cpu_s,
    family,
    free_port,
    load_core,
    own_core,
    pinned,
    pss_mb,
    running,
)
from loadtests.bench.wrk import saturate

SETTLE_S = 2.0
_WAVES = 3
_CLIENT_SLACK_S = 60.0


@dataclass(frozen=True)
class Entrant:
    """A contender that runs, in how many seconds it was ready, and the MiB it held at rest."""

    contender: Contender
    pid: int
    ready_s: float
    idle_mb: float

    @property
    def name(self) -> str:
        """Return the contender's name."""
        return self.contender.name

    def pss_mb(self) -> float:
        """Return the MiB that it holds now, with its children."""
        return pss_mb(family(self.pid))


@contextmanager
def upstreams(folder: Path, answer: str) -> Iterator[Upstreams]:
    """Run both upstreams while the block runs."""
    ports = Upstreams(free_port(), free_port())
    whole = nginx.command(folder, "upstream", nginx.static(ports.whole, answer))
    timed = [sys.executable, "-m", "loadtests.bench.llm_gateway.upstream", str(ports.timed)]
    core = load_core()
    with (
        running(pinned(whole, core), lambda: connects(ports.whole)),
        running(pinned(timed, core), lambda: connects(ports.timed)),
    ):
        yield ports


def migrate(contender: Contender) -> None:
    """Bring our database to its schema, as `up` does before it starts the service."""
    argv = [sys.executable, "-m", "wattos_platform", "migrate", SERVICE]
    subprocess.run(argv, env=environ_of(contender), cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def entered(contender: Contender, folder: Path) -> Iterator[Entrant]:
    """Run `contender` on a core of its own while the block runs; its log is in `folder`."""
    log = folder / f"{contender.name}.log"
    argv = pinned(contender.argv, own_core())
    began = time.perf_counter()
    with running(argv, contender.ready, environ_of(contender), log=log, wait_s=contender.wait_s) as pid:
        ready_s = time.perf_counter() - began
        time.sleep(SETTLE_S)
        yield Entrant(contender, pid, ready_s, pss_mb(family(pid)))


def saturated(
    entrant: Entrant, folder: Path, connections: int, seconds: int, prompt_kb: int = 0
) -> tuple[float, float]:
    """Return (requests per second, CPU microseconds per request) under all the load it takes."""
    begin = cpu_s(entrant.pid)
    load = saturate(entrant.contender.whole.target(prompt_kb), folder, connections, seconds)
    return load.per_s, (cpu_s(entrant.pid) - begin) / load.requests * 1e6


def paced(aim: Aim, per_s: float, seconds: float) -> Told:
    """Ask `per_s` times a second and return what the answers took."""
    return _client(Order(aim.port, aim.request(), per_s=per_s, seconds=seconds), seconds)


def streamed(aim: Aim, lanes: int, waves: int = _WAVES) -> Told:
    """Read `lanes` streams at once, `waves` times, and return how late their chunks were."""
    order = Order(aim.port, aim.request(stream=True), lanes=lanes, waves=waves)
    return _client(order, (waves + 1) * STREAM_S)


def _client(order: Order, seconds: float) -> Told:
    done = subprocess.run(
        pinned([sys.executable, "-m", "loadtests.bench.llm_gateway.client"], load_core()),
        input=msgspec.msgpack.encode(order),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds + _CLIENT_SLACK_S,
    )
    return msgspec.msgpack.decode(done.stdout, type=Told)
