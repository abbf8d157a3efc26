"""What is replaced inside Locust while it runs for us. Imports Locust."""

import logging
import signal
import sys
from typing import Any

import gevent
from locust import User, main, runners
from locust.user.task import DefaultTaskSet, TaskSet

from wattos_cli.loadtest.locust_side.arrival_queue import ArrivalQueue
from wattos_cli.loadtest.locust_side.shape import StagedUsers
from wattos_cli.loadtest.locust_side.thinking import Thinking
from wattos_cli.loadtest.plan import Plan


class Statistics:
    """Locust's own listener to requests, called by us in its place."""

    def __init__(self) -> None:
        self._listeners: list[Any] = []

    def take_over(self, hook: Any) -> None:
        """Take it away from the hook; it is the one that the runner has put there."""
        listeners = hook._handlers  # noqa: SLF001 - there is no other way to know them
        self._listeners = [each for each in listeners if _module(each) == runners.__name__]
        for listener in self._listeners:
            hook.remove_listener(listener)

    def __call__(self, *seen: Any) -> None:
        """Tell it of a request."""
        for listener in self._listeners:
            try:
                listener(*seen)
            except Exception as error:  # noqa: BLE001 - others may say anything; ours has counted it
                logging.getLogger(__name__).warning("Locust cannot count %r: %s", seen[1], error)


def install(arrival_queue: ArrivalQueue) -> None:
    """Let users wait for arrivals: instead of their wait times, and before their first task too."""
    tasks: Any = TaskSet

    def wait(task_set: Any, _seconds: float) -> None:
        arrival_queue.enter(type(task_set.user).__name__)

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


def name_what_is_missing(plugin: str) -> None:
    """Say that a file has no users, where Locust looks for tests of pytest in it; the plug-in needs none."""
    locust_main: Any = main
    look_for_tests = locust_main.load_locustfile_pytest

    def load(path: str) -> dict[str, Any]:
        if path == plugin:
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


def _module(listener: Any) -> str:
    return str(getattr(listener, "__module__", ""))
