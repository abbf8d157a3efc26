"""Leads a run of Locust from its start to its end, and keeps the journal."""

import atexit
import math
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import gevent

from wattos_cli.loadtest.driving.stderr import write_line
from wattos_cli.loadtest.locust_side.open_model import Install, OpenModel
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.measuring.interval import INTERVAL_S, Interval
from wattos_cli.loadtest.measuring.journal import Journal
from wattos_cli.loadtest.measuring.measured import Ending
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.planning.arrivals import LATE_S

SLACK_S = 5.0
"""So much longer than users may take to stop is waited for them."""
_NOTHING_S = 0.1
"""An interval so short in which nothing happened is the end of the run, and tells nothing."""


def patience_s(plan: Plan) -> float:
    """Return how long the end of a run may take before it is cut off."""
    return plan.stop_s + SLACK_S + (LATE_S if plan.arrivals else 0.0)


class Hooks(Protocol):
    """What a part of a run does when Locust's events fire."""

    def start(self, **given: Any) -> None:
        """Do what is due before users are started."""
        ...

    def spawned(self, **given: Any) -> None:
        """Do what is due when the users are started."""
        ...

    def stopping(self, **given: Any) -> None:
        """Do what is due before the users are stopped."""
        ...

    def stop(self, **given: Any) -> None:
        """Do what is due when the test has stopped."""
        ...


class Coordinator:
    """Leads a run in one process.

    The run ends after the plan's duration, or when anybody stops it; then the process ends too. Users that do
    not stop are given `--stop-timeout` and a little more, then the process ends without them.
    """

    def __init__(
        self, plan: Plan, environment: Any, journal: Journal, recorder: Recorder, *, install: Install
    ) -> None:
        self._plan = plan
        self._environment = environment
        self._journal = journal
        self._recorder = recorder
        self._install = install
        self._open: OpenModel | None = None
        self._begun = self._ended = False
        self._loaded_s = 0.0
        self._writing: Any = None

    def start(self, **_given: Any) -> None:
        """Begin to count; in the open model once the users are ready."""
        gevent.get_hub().loop.update_now()  # gevent's idea of now is as old as the last turn of its loop
        self._begun = True
        self._recorder.begin(self._plan.objectives_ms)
        atexit.register(self._broken_off)
        if self._plan.arrivals:
            self._prepare()
        else:
            self._go()

    def spawned(self, **_given: Any) -> None:
        """Let arrivals begin when the users are ready."""
        if self._open and not self._writing:
            gevent.spawn(self._open_when_ready, self._open)

    def stopping(self, **_given: Any) -> None:
        """See to it that the run ends even if a user does not."""
        if self._begun:
            self._loaded_s = max(self._loaded_s, self._recorder.passed_s)
            gevent.spawn_later(patience_s(self._plan), self._cut_off)
        if self._open:
            self._open.drain()

    def stop(self, **_given: Any) -> None:
        """Write what is left and the ending, and let the process end."""
        if self._begun and not self._ended:
            self._end()
            gevent.spawn(self._leave)

    def _prepare(self) -> None:
        """Make ready for the open model."""
        if self._plan.arrivals:
            self._open = OpenModel(self._plan.arrivals, self._plan.seed, self._install)
            self._recorder.arrival_queue = self._open.arrival_queue

    def _open_when_ready(self, model: OpenModel) -> None:
        model.gather(self._environment.runner)
        self._recorder.restart()
        model.open(self._environment.runner, 0, 1)
        self._go()

    def _go(self) -> None:
        """Let the time run, from now on."""
        self._writing = gevent.spawn(self._journaling, self._write)
        if not math.isinf(self._plan.duration_s):
            gevent.spawn_later(self._plan.duration_s, self._environment.runner.quit)

    def _take(self) -> list[Interval]:
        """Return what was counted since the last call."""
        return [self._recorder.take(self._environment.runner.user_count)]

    def _rest(self) -> list[Interval]:
        """Return what was counted and not taken yet, at the end of the run."""
        return self._take()

    def _ending(self) -> Ending:
        return Ending(self._loaded_s)

    def _write(self) -> None:
        while True:
            gevent.sleep(INTERVAL_S)
            self._flush(self._take())

    def _journaling(self, writing: Callable[[], None]) -> None:
        """Write into the journal; the process ends when that cannot be done."""
        try:
            writing()
        except OSError as error:
            write_line(f"cannot write the journal: {error}")
            os._exit(1)

    def _flush(self, intervals: list[Interval]) -> None:
        for interval in intervals:
            if interval.span_s > _NOTHING_S or interval.requests or interval.due:
                self._journal.interval(interval)
            if interval.requests:
                self._loaded_s = max(self._loaded_s, interval.at_s + interval.span_s)

    def _end(self, *notes: str) -> None:
        # A user that ends the run is itself being stopped here: whatever waits would be interrupted.
        self._ended = True
        if self._writing:
            self._writing.kill(block=False)
        self._flush(self._rest())
        ending = self._ending()
        self._journal.end(replace(ending, notes=(*ending.notes, *notes)))

    def _leave(self) -> None:
        self._environment.runner.quit()
        if self._environment.web_ui:
            self._environment.web_ui.stop()

    def _cut_off(self) -> None:
        if not self._ended:
            self._end(f"users did not stop within {self._plan.stop_s:g} s and were cut off")
        os._exit(0)

    def _broken_off(self) -> None:
        """Write what was counted when the process ends in the middle, without an ending."""
        if not self._ended:
            self._flush(self._rest())
