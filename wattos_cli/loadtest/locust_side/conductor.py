"""Leads a run of Locust from its start to its end, and keeps the journal."""

import atexit
import math
import os
from dataclasses import replace
from typing import Any, Protocol

import gevent

from wattos_cli.loadtest.interval import Interval
from wattos_cli.loadtest.journal import Journal
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.measured import Ending
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.saying import say

INTERVAL_S = 1.0
_GRACE_S = 5.0


class Hooks(Protocol):
    """What a part of a run does when Locust's events fire."""

    def start(self, **given: Any) -> None:
        """Do what is due when the test starts."""
        ...

    def stopping(self, **given: Any) -> None:
        """Do what is due before the users are stopped."""
        ...

    def stop(self, **given: Any) -> None:
        """Do what is due when the test has stopped."""
        ...


class Conductor:
    """Leads a run in one process.

    The run ends after the plan's duration, or when anybody stops it; then the process ends too. Users that do
    not stop are given `--stop-timeout` and a little more, then the process ends without them.
    """

    def __init__(self, plan: Plan, environment: Any, journal: Journal, recorder: Recorder) -> None:
        self._plan = plan
        self._environment = environment
        self._journal = journal
        self._recorder = recorder
        self._writing: Any = None
        self._ended = False

    def start(self, **_given: Any) -> None:
        """Begin to count and to write."""
        gevent.get_hub().loop.update_now()  # gevent's idea of now is as old as the last turn of its loop
        self._recorder.begin(self._plan.objectives_ms)
        self._writing = gevent.spawn(self._write)
        atexit.register(self._broken_off)
        if not math.isinf(self._plan.duration_s):
            gevent.spawn_later(self._plan.duration_s, self._environment.runner.quit)

    def stopping(self, **_given: Any) -> None:
        """See to it that the run ends even if a user does not."""
        if self._writing:
            gevent.spawn_later(self._environment.stop_timeout + _GRACE_S, self._cut_off)

    def stop(self, **_given: Any) -> None:
        """Write what is left and the ending, and let the process end."""
        if self._writing and not self._ended:
            self._end()
            gevent.spawn(self._leave)

    def _take(self) -> list[Interval]:
        """Return what was counted since the last call."""
        return [self._recorder.take(self._environment.runner.user_count)]

    def _rest(self) -> list[Interval]:
        """Return what was counted and not taken yet, at the end of the run."""
        return self._take()

    def _ending(self) -> Ending:
        return Ending(self._recorder.passed_s)

    def _write(self) -> None:
        try:
            while True:
                gevent.sleep(INTERVAL_S)
                self._flush(self._take())
        except OSError as error:
            say(f"cannot write the journal: {error}")
            os._exit(1)

    def _flush(self, intervals: list[Interval]) -> None:
        for interval in intervals:
            self._journal.interval(interval)

    def _end(self, *notes: str) -> None:
        self._ended = True
        self._writing.kill()
        self._flush(self._rest())
        ending = self._ending()
        self._journal.end(replace(ending, notes=(*ending.notes, *notes)))

    def _leave(self) -> None:
        self._environment.runner.quit()
        if self._environment.web_ui:
            self._environment.web_ui.stop()

    def _cut_off(self) -> None:
        if not self._ended:
            self._end(f"users did not stop within {self._environment.stop_timeout:g} s and were cut off")
        os._exit(0)

    def _broken_off(self) -> None:
        """Write what was counted when the process ends in the middle, without an ending."""
        if not self._ended:
            self._flush(self._rest())
