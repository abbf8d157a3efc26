"""What Locust loads beside the scenario (`locust -f plugin.py,locustfile.py`) when `wattos loadtest` runs it.

It does nothing unless WATTOS_LOADTEST_PLAN names a plan; the journal is written beside that. With --processes
Locust forks after it has loaded this file: who takes which part is known when `init` fires.
"""

import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
from locust import User, events, main, runners
from locust.exception import RPCError
from locust.runners import MasterRunner, WorkerRunner
from locust.user.task import DefaultTaskSet, TaskSet

from wattos_cli import parenthood
from wattos_cli.loadtest.generation import JOURNAL, PLAN_FILE, tie_to_parent
from wattos_cli.loadtest.journal import Journal
from wattos_cli.loadtest.locust_side.conductor import Conductor, Hooks
from wattos_cli.loadtest.locust_side.master import Master
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.locust_side.shape import StagedUsers
from wattos_cli.loadtest.locust_side.thinking import Thinking
from wattos_cli.loadtest.locust_side.turnstile import Turnstile
from wattos_cli.loadtest.locust_side.worker import Connecting, Worker
from wattos_cli.loadtest.plan import Plan


def take_part(path: Path) -> None:
    """Take part in the run whose plan lies at `path`, as what Locust makes of this process."""
    plan = Plan.load(path.read_text(encoding="utf-8"))
    loader = os.getpid()
    hooks: Any = events  # Locust's hooks carry no types
    recorder = Recorder(plan.objectives_ms, statistics := Statistics())
    connecting = Connecting(plan.crew) if plan.crew.role == "worker" else None

    def begin(environment: Any, **_given: Any) -> None:
        if os.getpid() != loader:
            parenthood.die_with_parent(loader)
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
            part = Conductor(plan, environment, journal, recorder, install=install)
        environment.stop_timeout = plan.stop_s  # --stop-timeout takes whole seconds
        shape(plan, environment)
        hooks.test_start.add_listener(part.start)
        hooks.spawning_complete.add_listener(part.spawned)
        hooks.test_stopping.add_listener(part.stopping)
        hooks.test_stop.add_listener(part.stop)

    hooks.init.add_listener(begin)
    hooks.test_stop.add_listener(recorder.count)  # before the listeners of the file look at the statistics


class Statistics:
    """Locust's own listener to requests, called by us in its place."""

    def __init__(self) -> None:
        self._listeners: list[Any] = []

    def take_over(self, hook: Any) -> None:
        """Take it away from the hook; it is the one that the runner has put there."""
        self._listeners = [each for each in hook._handlers if each.__module__ == runners.__name__]  # noqa: SLF001
        for listener in self._listeners:
            hook.remove_listener(listener)

    def __call__(self, *seen: Any) -> None:
        """Tell it of a request."""
        for listener in self._listeners:
            try:
                listener(*seen)
            except Exception as error:  # noqa: BLE001 - others may say anything; ours has counted it
                logging.getLogger(__name__).warning("Locust cannot count %r: %s", seen[1], error)


def install(turnstile: Turnstile) -> None:
    """Let users wait for arrivals: instead of their wait times, and before their first task too."""
    tasks: Any = TaskSet

    def wait(task_set: Any, _seconds: float) -> None:
        turnstile.enter(type(task_set.user).__name__)

    tasks._sleep = wait  # noqa: SLF001 - where Locust waits, and only there
    first: Any = DefaultTaskSet
    first.on_start = first.wait


def stop_gently(thinking: Thinking) -> None:
    """Let users that think stop by themselves, and leave the others to Locust."""
    tasks: Any = TaskSet
    tasks._sleep = lambda _tasks, seconds: thinking.sleep(seconds)  # noqa: SLF001 - where Locust waits
    users: Any = User
    stop = users.stop

    def gently(user: Any, force: bool = False) -> bool:  # noqa: FBT001, FBT002 - as Locust calls it
        return False if not force and thinking.wake(user) else bool(stop(user, force))

    users.stop = gently


def name_what_is_missing() -> None:
    """Say that a file has no users, where Locust looks for tests of pytest in it."""
    locust_main: Any = main
    look_for_tests = locust_main.load_locustfile_pytest

    def load(path: str) -> dict[str, Any]:
        if path == __file__:
            return {}
        try:
            found: dict[str, Any] = look_for_tests(path)
        except Exception:  # noqa: BLE001 - whatever pytest says of a file without tests
            found = {}
        if not found:
            sys.exit(f"{path} has no class of users: one that is derived from locust.User and not abstract")
        return found

    locust_main.load_locustfile_pytest = load


def shape(plan: Plan, environment: Any) -> None:
    """Let the stages of the plan be the shape; a shape in the file counts where the plan has none."""
    if plan.stages:
        environment.shape_class = StagedUsers(plan.stages)
        environment.shape_class.runner = environment.runner
    elif plan.arrivals:
        environment.shape_class = None
    if environment.shape_class and plan.ui_port is None:
        # Locust installs its own handler only after a shape has ended.
        gevent.signal_handler(signal.SIGTERM, environment.runner.quit)


tie_to_parent()
if PLAN_FILE in os.environ:
    stop_gently(Thinking())
    name_what_is_missing()
    take_part(Path(os.environ[PLAN_FILE]))
