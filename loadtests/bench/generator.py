"""What a request costs the load generator: `python -m loadtests.bench.generator [ROUNDS] [SECONDS]`.

The fast engine, the same journey under Locust, Locust's FastHttpUser and HttpUser, and wrk as the ceiling ask
one nginx in turn, each alone on a core, so that a noisy moment hits all. Requests are as nginx counts them,
processor time is that of /proc. The bars: the fast engine does at least 3 times as many requests a processor
second as FastHttpUser, and a journey under Locust at most 5 % fewer. Needs nginx and wrk.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from loadtests.bench import nginx
from loadtests.bench.figures import Bar, Verdict
from loadtests.bench.processes import (
    PLATFORM_PATH,
    connects,
    cpu_s,
    free_port,
    load_core,
    own_core,
    pinned,
    running,
    stop_cleanly_on_sigterm,
)
from wattos_cli.loadtest.driving.parent import PLAN_FILE
from wattos_cli.loadtest.locust_side import command_line
from wattos_cli.loadtest.plan import Engine, Plan

ROUNDS, SECONDS, USERS = 3, 6, 32
BARS = {"fast engine": 3.0, "journey under Locust": 0.95}
_WARM_S = 3.0
_LONGEST_S = 600
_HERE = Path(__file__).parent
_LOCUST = (sys.executable, "-m", "locust", "-f", str(_HERE / "generator_users.py"), "--headless")
_ASKED_BEFORE = 5000
"""More than looking asks: then it is the contender that asks."""
PROMPT = {"model": "default", "messages": [{"role": "user", "content": "word " * 200}]}
ANSWER = json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"text": "x" * 700}]})


@dataclass(frozen=True)
class Contender:
    """A generator: how it is started, with what in its environment."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str]


def contenders(url: str, folder: Path) -> list[Contender]:
    """Return all generators, aimed at `url`; their files are in `folder`."""
    environ = os.environ | {"PYTHONPATH": PLATFORM_PATH, "WATTOS_BENCH_PROMPT": json.dumps(PROMPT)}
    users = ("--only-summary", "-u", str(USERS), "-r", str(USERS), "-t", f"{_LONGEST_S}s", "--host", url)
    return [
        _ours("fast engine", "fast", url, folder, environ),
        _ours("journey under Locust", "locust", url, folder, environ),
        Contender("FastHttpUser", [*_LOCUST, *users, "Fast"], environ),
        Contender("HttpUser", [*_LOCUST, *users, "Plain"], environ),
        Contender("wrk", _wrk(url, folder), environ),
    ]


def measure(contender: Contender, port: int, folder: Path, seconds: float) -> float:
    """Return the requests a processor second of one generator, once it is warm."""
    with started(contender, port, folder) as pid:
        time.sleep(_WARM_S)
        before, used_s = asked(port), cpu_s(pid)
        time.sleep(seconds)
        return (asked(port) - before) / (cpu_s(pid) - used_s)


@contextmanager
def started(contender: Contender, port: int, folder: Path) -> Iterator[int]:
    """Run a generator on a core of its own, and yield its pid once it asks for real."""
    argv = pinned(contender.argv, own_core())
    before = asked(port)
    log = folder / "said.txt"
    with running(
        argv, lambda: asked(port) > before + _ASKED_BEFORE, contender.environ, log=log, wait_s=60
    ) as pid:
        yield pid


@contextmanager
def target(folder: Path) -> Iterator[int]:
    """Run an nginx that answers everything at once, and yield its port."""
    port = free_port()
    argv = pinned(nginx.command(folder, "target", nginx.static(port, ANSWER)), load_core())
    with running(argv, partial(connects, port)):
        yield port


def main(rounds: int, seconds: float) -> bool:
    """Measure all in turn, print medians and verdicts, and return whether the bars are reached."""
    rates: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(rounds):
            with target(Path(name)) as port:
                for contender in contenders(f"http://127.0.0.1:{port}", Path(name)):
                    rate = measure(contender, port, Path(name), seconds)
                    rates.setdefault(contender.name, []).append(rate)
                    print(f"{contender.name:22} {rate:8.0f} requests a processor second", flush=True)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    base = medians["FastHttpUser"]
    print()
    for name, rate in medians.items():
        print(f"{name:22} {rate:8.0f}   {1e6 / rate:7.1f} us a request   {rate / base:5.2f} x FastHttpUser")
    verdicts = [
        Verdict(f"{name} to FastHttpUser", medians[name] / base, Bar(least=least), "x")
        for name, least in BARS.items()
    ]
    print("\n" + "\n".join(map(str, verdicts)))
    return all(verdict.holds for verdict in verdicts)


def _ours(name: str, engine: Engine, url: str, folder: Path, environ: Mapping[str, str]) -> Contender:
    own = folder / engine
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    locustfile = _HERE / "generator_journeys" / "locustfile.py"
    plan = Plan(locustfile, {"Ask": 1}, url, USERS, USERS, _LONGEST_S, engine=engine)
    (own / "plan.json").write_text(plan.dump(), encoding="utf-8")
    fast = [sys.executable, "-m", "wattos_cli.loadtest.fast"]
    argv = fast if engine == "fast" else command_line.arguments(plan)
    return Contender(name, argv, {**environ, PLAN_FILE: str(own / "plan.json")})


def _wrk(url: str, folder: Path) -> list[str]:
    script = folder / "wrk.lua"
    body = json.dumps(json.dumps(PROMPT))
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = {body}\nwrk.headers["content-type"] = "application/json"\n',
        encoding="utf-8",
    )
    return ["wrk", "-t1", f"-c{USERS}", f"-d{_LONGEST_S}s", "-s", str(script), f"{url}/v1/chat/completions"]


def asked(port: int) -> int:
    """Return how many requests nginx has answered."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{nginx.STATUS}", timeout=5) as answer:
        return int(answer.read().split(b"\n")[2].split()[2])


if __name__ == "__main__":
    stop_cleanly_on_sigterm()
    given = [int(word) for word in sys.argv[1:]] + [ROUNDS, SECONDS][len(sys.argv) - 1 :]
    sys.exit(0 if main(given[0], given[1]) else 1)
