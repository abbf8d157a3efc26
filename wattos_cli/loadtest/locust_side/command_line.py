"""A plan as Locust's command line."""

import socket
import sys
from pathlib import Path

from wattos_cli.loadtest.plan import Plan

_READY_A_SECOND = 50
_HOME = "127.0.0.1"


def arguments(plan: Plan) -> list[str]:
    """Return how to start Locust for this plan, in an environment that names the plan."""
    plugin = Path(__file__).with_name("plugin.py")
    return [
        *(sys.executable, "-m", "locust", "-f", f"{plugin},{plan.locustfile}"),
        *("--only-summary", "--loglevel", "WARNING", "--exit-code-on-error", "0"),
        *("--users", str(plan.users), "--spawn-rate", f"{_spawn_rate(plan):g}"),
        *("--host", plan.host),
        *_page(plan),
        *_crew(plan),
        *plan.journeys,
    ]


def _spawn_rate(plan: Plan) -> float:
    """Return how many users come a second; in the open model they are ready before anything is measured."""
    return max(plan.spawn_rate, min(plan.users, _READY_A_SECOND)) if plan.arrivals else plan.spawn_rate


def _page(plan: Plan) -> list[str]:
    if plan.ui_port is None:
        return ["--headless"]
    return ["--autostart", "--web-host", _HOME, "--web-port", str(plan.ui_port)]


def _crew(plan: Plan) -> list[str]:
    """Return who works together; within this machine at a port that was free a moment ago."""
    crew = plan.crew
    host, _, port = crew.address.rpartition(":")
    processes = ["--processes", str(plan.processes)] if plan.processes > 1 else []
    if crew.role == "worker":
        return [*processes, "--worker", "--master-host", host, "--master-port", port]
    wait = ["--expect-workers-max-wait", f"{crew.wait_s:.0f}"]
    if crew.role == "master":
        bind = ["--master-bind-host", host, "--master-bind-port", port]
        return ["--master", *bind, "--expect-workers", str(crew.workers), *wait]
    if not processes:
        return []
    port = str(free_port())
    here = ["--master-bind-host", _HOME, "--master-bind-port", port, "--master-host", _HOME]
    return [*processes, *here, "--master-port", port, *wait]


def free_port(wanted: int = 0) -> int:
    """Return a port of this machine that nobody listens at: the wanted one, if it is such."""
    with socket.socket() as asked:
        try:
            asked.bind((_HOME, wanted))
        except OSError:
            asked.bind((_HOME, 0))
        return int(asked.getsockname()[1])
