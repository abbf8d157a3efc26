"""What callers feel of a provider that is down, and providers of callers who leave.

    python -m loadtests.bench.outage [--pairs 1500] [--departures 30]

Two aliases end in the same backup. One begins with a provider that answers, the other with one that is dead
and whose circuit breaker is open; both are asked in turn over one connection, so that a noisy moment hits
both, and the medians are compared. Then callers leave, in the middle of a stream and before an answer began:
what counts is the time from their leaving to the simulator's seeing that nobody waits for it any more. Exit
code 1 when a bar is missed.
"""

import argparse
import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from loadtests.bench.figures import Bar, Verdict
from loadtests.bench.llm_gateway.contenders import Contender, configured, environ_of
from loadtests.bench.llm_gateway.measures import entered, migrate
from loadtests.bench.llm_gateway.wire import MODEL, PATH, Aim
from loadtests.bench.processes import (
    PLATFORM_PATH,
    free_port,
    load_core,
    pinned,
    running,
    stop_cleanly_on_sigterm,
)

SLOWER, DEPARTURE_MS = Bar(most=1.5), Bar(most=100)
ALIVE, DEAD, BACKUP = "alive", "dead", "backup"
_THRESHOLD, _WARM_UP = 5, 100
_HOUR_S = 3600
_DELTAS = 3
_LOOK_EVERY_S = 0.005


class Simulator:
    """The simulator at `port`, as who tests tells and asks it."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=10)

    def tell(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Return what it answers; SystemExit if it refuses."""
        self._connection.request(method, f"/simulator/{path}", json.dumps(body) if body else None)
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status >= 400:  # noqa: PLR2004 - an HTTP status class
            raise SystemExit(f"the simulator refuses {method} {path}: {told.decode()}")
        return json.loads(told) if told else None

    def counts(self) -> Any:
        """Return what it received, and the last request."""
        return self.tell("GET", "requests?last=1")


def config(simulator_port: int) -> dict[str, object]:
    """Return the configuration: three providers, and two aliases of two each."""
    base = f"http://127.0.0.1:{simulator_port}/as"
    providers = {name: {"base_url": f"{base}/{name}/v1"} for name in (ALIVE, DEAD, BACKUP)}
    aliases = {f"{name}-first": [f"{name}/{MODEL}", f"{BACKUP}/{MODEL}"] for name in (ALIVE, DEAD)}
    llm = {"providers": list(providers), "provider": providers, "aliases": aliases}
    return {"schema": "wattos.service-config/v1", "llm": llm}


@contextmanager
def simulator(folder: Path) -> Iterator[int]:
    """Run the simulator beside the load; yields its port."""
    port = free_port()
    argv = [sys.executable, "-m", "wattos_platform", "serve", "simulator"]
    aim = Aim(port, {})
    environ = {
        "PYTHONPATH": PLATFORM_PATH,
        "WATTOS_PORT": str(port),
        "WATTOS_RUN_DIR": str(folder),
        "WATTOS_OPS_SOCKET": str(folder / "simulator.sock"),
    }
    upstream = Contender("simulator", argv, port, aim, aim, "/health/readiness", environ)
    log = folder / "simulator.log"
    with running(pinned(argv, load_core()), upstream.ready, environ_of(upstream), log=log):
        yield port


def slower(gateway: Contender, sim: Simulator, pairs: int) -> float:
    """Return the median of requests while a breaker is open as a multiple of that while all is well."""
    sim.tell("POST", "faults", {"kind": "status", "status": 503, "provider": DEAD, "ttl_s": _HOUR_S})
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    asks = [Aim(gateway.port, gateway.whole.headers, f"{name}-first") for name in (ALIVE, DEAD)]
    for _ in range(_WARM_UP):
        for ask in asks:
            _took_ms(connection, ask)
    took = [[_took_ms(connection, ask) for ask in asks] for _ in range(pairs)]
    asked = sim.counts()["providers"][DEAD]["total"]
    if asked != _THRESHOLD:
        raise SystemExit(f"the dead provider was asked {asked} times: its breaker was not open")
    well, hurt = (statistics.median(column) for column in zip(*took, strict=True))
    print(f"p50 of {pairs} requests: all well {well:.3f} ms, breaker open {hurt:.3f} ms")
    return hurt / well


def _took_ms(connection: HTTPConnection, aim: Aim) -> float:
    head, _, body = aim.request().partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    began = time.perf_counter()
    connection.request("POST", PATH, body, fields)
    answer = connection.getresponse()
    answer.read()
    took_ms = (time.perf_counter() - began) * 1000
    if answer.status != 200:  # noqa: PLR2004 - the one status that is an answer
        raise SystemExit(f"the gateway answered {answer.status}")
    return took_ms


def departures(
    gateway: Contender, sim: Simulator, number: int, fault: Mapping[str, object] | None = None
) -> float:
    """Return the longest time in ms from a caller's leaving to the simulator's noticing.

    With `fault`, which keeps the provider silent, they leave before the answer; else after some of it.
    """
    sim.tell("DELETE", "faults")
    sim.tell("PUT", "behaviour", {"answer_tokens": 100_000, "tokens_per_s": 200})
    if fault is not None:
        sim.tell("POST", "faults", fault)
    ask = Aim(gateway.port, gateway.whole.headers, f"{ALIVE}/{MODEL}").request(stream=True)
    waits = [_departure_ms(gateway.port, ask, sim, deltas=0 if fault else _DELTAS) for _ in range(number)]
    where = "before an answer" if fault else "in a stream"
    print(
        f"{number} callers left {where}: p50 {statistics.median(waits):.1f} ms, longest {max(waits):.1f} ms"
    )
    return max(waits)


def _departure_ms(port: int, ask: bytes, sim: Simulator, *, deltas: int) -> float:
    before = sim.counts()["abandoned"]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
        caller.sendall(ask)
        received = b""
        while received.count(b"data: ") < deltas:
            received += caller.recv(65536)
        _until(lambda: sim.counts()["in_flight"] == 1)
        left = time.time()
    _until(lambda: sim.counts()["abandoned"] > before)
    record = sim.counts()["recent"][0]
    ended = datetime.fromisoformat(record["time"]).timestamp() + record["duration_ms"] / 1000
    return (ended - left) * 1000


def _until(reached: Callable[[], bool], patience_s: float = 10.0) -> None:
    until = time.monotonic() + patience_s
    while not reached():
        if time.monotonic() > until:
            raise SystemExit(f"nothing happened in {patience_s:.0f} s")
        time.sleep(_LOOK_EVERY_S)


def main(pairs: int, leaving: int) -> int:
    """Measure, print, and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="wattos-bench-") as name, simulator(Path(name)) as port:
        gateway = configured(Path(name), config(port), {"CIRCUIT_BREAKER_RESET_TIMEOUT": f"{_HOUR_S}000"})
        sim = Simulator(port)
        migrate(gateway)
        with entered(gateway, Path(name)):
            ratio = slower(gateway, sim, pairs)
            in_stream = departures(gateway, sim, leaving)
            before = departures(gateway, sim, leaving, {"kind": "hang", "ttl_s": _HOUR_S})
    verdicts = [
        Verdict("request while a breaker is open, against all well", ratio, SLOWER, "x"),
        Verdict("caller leaves a stream: until upstream is cancelled", in_stream, DEPARTURE_MS, "ms"),
        Verdict("caller leaves before: until upstream is cancelled", before, DEPARTURE_MS, "ms"),
    ]
    print("\n".join(map(str, verdicts)))
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def _parsed(argv: Sequence[str] | None = None) -> tuple[int, int]:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.bench.outage", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--pairs", type=int, default=1500, help="requests of each kind")
    parser.add_argument("--departures", type=int, default=30, help="callers who leave, of each kind")
    given = parser.parse_args(argv)
    return given.pairs, given.departures


if __name__ == "__main__":
    stop_cleanly_on_sigterm()
    sys.exit(main(*_parsed()))
