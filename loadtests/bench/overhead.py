"""What `wattos loadtest` adds to plain Locust: `python -m loadtests.bench.overhead [PAIRS] [SECONDS]`.

The same users of one locustfile ask one nginx, by plain Locust and by Locust with our plug-in. Both are
started and warm; then one of the two runs at a time, second by second, and a signal stops the other, on the
same core: whatever else the machine does hits both. Requests are as nginx counts them, processor time is that
of /proc. The bar: a request takes at most 5 % more of the client's processor. Needs nginx.
"""

import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from loadtests.bench.figures import Bar, Verdict
from loadtests.bench.generator import PROMPT, USERS, Contender, asked, started, target
from loadtests.bench.processes import PLATFORM_PATH, cpu_s, family, stop_cleanly_on_sigterm
from wattos_cli.loadtest.driving.parent import PLAN_FILE
from wattos_cli.loadtest.locust_side import command_line
from wattos_cli.loadtest.plan import Plan

PAIRS, SECONDS = 20, 1
MOST = 1.05
_LONGEST_S = 3600
_SETTLE_S = 0.2
_LOCUSTFILE = Path(__file__).with_name("generator_users.py")


def pair(users: str, url: str, folder: Path) -> tuple[Contender, Contender]:
    """Return plain Locust and ours for one class of users."""
    environ = os.environ | {"PYTHONPATH": PLATFORM_PATH, "WATTOS_BENCH_PROMPT": json.dumps(PROMPT)}
    plain = [
        *(sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--only-summary"),
        *("-u", str(USERS), "-r", str(USERS), "-t", f"{_LONGEST_S}s", "--host", url, users),
    ]
    own = folder / users
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir()
    plan = Plan(_LOCUSTFILE, {users: 1}, url, USERS, USERS, _LONGEST_S, objectives_ms={"latency": 100.0})
    (own / "plan.json").write_text(plan.dump(), encoding="utf-8")
    return (
        Contender("plain Locust", plain, environ),
        Contender("wattos", command_line.arguments(plan), {**environ, PLAN_FILE: str(own / "plan.json")}),
    )


def cost_us(pid: int, port: int, seconds: float) -> float:
    """Return the processor time of a request, in microseconds, while this process alone runs."""
    _signal(pid, signal.SIGCONT)
    time.sleep(_SETTLE_S)
    before, used_s = asked(port), cpu_s(pid)
    time.sleep(seconds)
    count, took_s = asked(port) - before, cpu_s(pid) - used_s
    _signal(pid, signal.SIGSTOP)
    return 1e6 * took_s / count


def compared(users: str, pairs: int, seconds: float) -> Verdict:
    """Return what our plug-in costs these users: the median of all pairs."""
    with tempfile.TemporaryDirectory() as name, target(Path(name)) as port:
        plain, ours = pair(users, f"http://127.0.0.1:{port}", Path(name))
        with started(plain, port, Path(name)) as first:
            _signal(first, signal.SIGSTOP)
            with started(ours, port, Path(name)) as second:
                _signal(second, signal.SIGSTOP)
                found = [
                    (cost_us(first, port, seconds), cost_us(second, port, seconds)) for _ in range(pairs)
                ]
                for pid in (first, second):
                    _signal(pid, signal.SIGCONT)
    base_us = statistics.median(plain_us for plain_us, _ in found)
    ratio = statistics.median(ours_us / plain_us for plain_us, ours_us in found)
    return Verdict(
        f"{users}: wattos to plain Locust ({base_us:.1f} us a request)", ratio, Bar(most=MOST), "x"
    )


def main(pairs: int, seconds: float) -> bool:
    """Compare both kinds of users, print verdicts, and return whether the bar is kept."""
    verdicts = []
    for users in ("Fast", "Plain"):
        verdicts.append(compared(users, pairs, seconds))
        print(verdicts[-1], flush=True)
    return all(verdict.holds for verdict in verdicts)


def _signal(pid: int, number: signal.Signals) -> None:
    for each in family(pid):
        os.kill(each, number)


if __name__ == "__main__":
    stop_cleanly_on_sigterm()
    given = [int(word) for word in sys.argv[1:]] + [PAIRS, SECONDS][len(sys.argv) - 1 :]
    sys.exit(0 if main(given[0], given[1]) else 1)
