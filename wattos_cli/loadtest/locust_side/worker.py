"""A worker's part: its users are counted here, and every second handed over to the master."""

import os
import time
from dataclasses import replace
from typing import Any

import gevent

from wattos_cli.loadtest.driving.stderr import write_line
from wattos_cli.loadtest.locust_side import messages
from wattos_cli.loadtest.locust_side.coordinator import patience_s
from wattos_cli.loadtest.locust_side.open_model import Install, OpenModel
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.measuring.interval import INTERVAL_S
from wattos_cli.loadtest.measuring.journal import Journal
from wattos_cli.loadtest.measuring.measured import Ending
from wattos_cli.loadtest.plan import Crew, Plan

_SILENT_MASTER_S = 15.0
_SENT_S = 0.3


class Connecting:
    """Ends this process if it has not found its master within the time that the crew waits."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._timer = gevent.spawn_later(crew.wait_s, self._give_up)

    def done(self) -> None:
        """Say that the master was found."""
        self._timer.kill()

    def _give_up(self) -> None:
        write_line(f"no master answers at {self._crew.address}, for {self._crew.wait_s:g} s")
        os._exit(1)


class Worker:
    """Counts until the master stops the run or is gone; then the process ends."""

    def __init__(
        self,
        plan: Plan,
        environment: Any,
        recorder: Recorder,
        journal: Journal,
        *,
        install: Install,
        send: messages.Send,
    ) -> None:
        self._plan = plan
        self._install = install
        self._send = send
        self._open: OpenModel | None = None
        self._begun = False
        self._environment = environment
        self._recorder = recorder
        self._journal = journal
        self._handing_over: Any = None
        environment.runner.register_message(messages.TERMS, self._learn)
        environment.runner.register_message(messages.GO, self._go)
        gevent.spawn(self._watch_master)

    def start(self, **_given: Any) -> None:
        """Begin to count and to hand over; in the open model when the master says so."""
        self._begun = True
        self._recorder.begin(self._plan.objectives_ms)
        if self._plan.arrivals:
            self._open = OpenModel(self._plan.arrivals, self._plan.seed, self._install)
            self._recorder.arrival_queue = self._open.arrival_queue
        else:
            self._handing_over = gevent.spawn(self._hand_over)

    def spawned(self, **_given: Any) -> None:
        """Tell the master when the users are ready for arrivals."""
        if self._open and not self._handing_over:
            gevent.spawn(self._tell_when_ready, self._open)

    def stopping(self, **_given: Any) -> None:
        """See to it that the process ends even if a user does not."""
        gevent.spawn_later(patience_s(self._plan), self._cut_off)
        if self._open:
            self._open.drain()

    def stop(self, **_given: Any) -> None:
        """Hand over what is left, say that this is all, and let the process end."""
        if self._begun:
            self._begun = False
            if self._handing_over:
                self._handing_over.kill(block=False)
            self._send(messages.INTERVAL, self._taken(), None)
            self._send(messages.ENDING, {}, None)
            self._journal.end(Ending(self._recorder.passed_s))
            gevent.spawn_later(_SENT_S, self._environment.runner.quit)

    def _learn(self, msg: Any, **_given: Any) -> None:
        """Take over the plan of the master; the tokens are this worker's own."""
        self._plan = replace(Plan.load(msg.data), tokens=self._plan.tokens)

    def _tell_when_ready(self, model: OpenModel) -> None:
        model.gather(self._environment.runner)
        self._send(messages.READY, {}, None)

    def _go(self, msg: Any, **_given: Any) -> None:
        """Let this worker's share of the arrivals begin."""
        if self._open and not self._handing_over:
            self._recorder.restart()
            self._open.open(self._environment.runner, msg.data["index"], msg.data["of"])
            self._handing_over = gevent.spawn(self._hand_over)

    def _hand_over(self) -> None:
        while True:
            gevent.sleep(INTERVAL_S)
            self._send(messages.INTERVAL, self._taken(), None)

    def _taken(self) -> dict[str, Any]:
        return self._recorder.take(self._environment.runner.user_count).dump()

    def _watch_master(self) -> None:
        """End the run when the master has been silent for long."""
        while True:
            gevent.sleep(INTERVAL_S)
            heard = self._environment.runner.last_heartbeat_timestamp
            if heard and time.time() - heard > _SILENT_MASTER_S:
                write_line(f"the master has been silent for {_SILENT_MASTER_S:g} s: this worker ends")
                self._environment.process_exit_code = 1
                self._environment.runner.quit()
                return

    def _cut_off(self) -> None:
        if self._begun:
            self.stop()
            gevent.sleep(_SENT_S)
        os._exit(0)
