"""What Locust loads beside the scenario (`locust -f plugin.py,locustfile.py`) when `wattos loadtest` runs it.

It does nothing unless WATTOS_LOADTEST_PLAN names a plan; the journal is written beside that. With --processes
Locust forks after it has loaded this file: who takes which part is known when `init` fires.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from locust import events
from locust.exception import RPCError
from locust.runners import MasterRunner, WorkerRunner

from wattos_cli import prctl
from wattos_cli.loadtest.driving.parent import JOURNAL, PLAN_FILE, handed_plan, tie_to_parent
from wattos_cli.loadtest.locust_side.coordinator import Coordinator, Hooks
from wattos_cli.loadtest.locust_side.master import Master
from wattos_cli.loadtest.locust_side.patches import (
    Statistics,
    install,
    name_what_is_missing,
    shape,
    stop_gently,
)
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.locust_side.thinking import Thinking
from wattos_cli.loadtest.locust_side.worker import Connecting, Worker
from wattos_cli.loadtest.measuring.journal import Journal


def take_part(path: Path) -> None:
    """Take part in the run whose plan lies at `path`, as what Locust makes of this process."""
    plan = handed_plan(path)
    loader = os.getpid()
    hooks: Any = events  # Locust's hooks carry no types
    recorder = Recorder(plan.objectives_ms, statistics := Statistics())
    connecting = Connecting(plan.crew) if plan.crew.role == "worker" else None

    def begin(environment: Any, **_given: Any) -> None:
        if os.getpid() != loader:
            prctl.die_with_parent(loader)
        if connecting:
            connecting.done()

        def send(kind: str, data: Any, worker: str | None) -> None:
            with suppress(RPCError):  # who cannot be reached is noticed by its silence
                environment.runner.send_message(kind, data, worker)

        journal = Journal(path.with_name(JOURNAL))
        statistics.take_over(hooks.request)
        hooks.request.add_listener(recorder.record)
        hooks.user_error.add_listener(recorder.fail)
        part: Hooks
        if isinstance(environment.runner, WorkerRunner):
            part = Worker(plan, environment, recorder, journal, install=install, send=send)
        elif isinstance(environment.runner, MasterRunner):
            part = Master(plan, environment, journal, install=install, send=send)
            hooks.worker_connect.add_listener(part.join)
        else:
            part = Coordinator(plan, environment, journal, recorder, install=install)
        environment.stop_timeout = plan.stop_s  # --stop-timeout takes whole seconds
        shape(plan, environment)
        hooks.test_start.add_listener(part.start)
        hooks.spawning_complete.add_listener(part.spawned)
        hooks.test_stopping.add_listener(part.stopping)
        hooks.test_stop.add_listener(part.stop)

    hooks.init.add_listener(begin)
    hooks.test_stop.add_listener(recorder.count)  # before the listeners of the file look at the statistics


tie_to_parent()
if PLAN_FILE in os.environ:
    stop_gently(Thinking())
    name_what_is_missing(__file__)
    take_part(Path(os.environ[PLAN_FILE]))
