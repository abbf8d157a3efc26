"""The master's part: workers count, here it becomes one run."""

from dataclasses import replace
from typing import Any

import gevent

from wattos_cli.loadtest.interval import Interval
from wattos_cli.loadtest.journal import Journal
from wattos_cli.loadtest.locust_side import messages
from wattos_cli.loadtest.locust_side.conductor import Conductor
from wattos_cli.loadtest.locust_side.gathering import Gathering
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.measured import Ending
from wattos_cli.loadtest.plan import Plan

_STATE_MISSING = "missing"
_STATE_STOPPING = "stopping"
_LOOK_S = 0.05
_GRACE_S = 3.0


class Master(Conductor):
    """Leads a run whose users are in worker processes.

    A worker that does not say in the end that it has told everything is lost, and with it what it counted
    last.
    """

    def __init__(self, plan: Plan, environment: Any, journal: Journal, send: messages.Send) -> None:
        super().__init__(plan, environment, journal, Recorder(plan.objectives_ms))
        self._terms = replace(plan, tokens=()).dump()
        self._send = send
        self._gathering = Gathering()
        self._stopping = False
        self._crew: set[str] = set()
        self._ended_workers: set[str] = set()
        environment.runner.register_message(messages.INTERVAL, self._hand_in)
        environment.runner.register_message(messages.ENDING, self._worker_ended)

    def start(self, **given: Any) -> None:
        """Tell the workers what it is about, and begin."""
        for worker in list(self._environment.runner.clients):
            self._engage(worker)
        super().start(**given)

    def join(self, client_id: str, **_given: Any) -> None:
        """Take in a worker that comes while the run is under way."""
        if self._writing:
            self._engage(client_id)

    def stopping(self, **given: Any) -> None:
        """Let the workers stop, and wait for the last that they have to tell."""
        super().stopping(**given)
        self._stopping = True
        # Else it would give the users of those who stop to the others.
        self._environment.runner.update_state(_STATE_STOPPING)
        self._send(messages.STOP, None, None)
        waited_s, longest_s = 0.0, self._environment.stop_timeout + _GRACE_S
        while self._outstanding() and waited_s < longest_s:
            gevent.sleep(_LOOK_S)
            waited_s += _LOOK_S

    def _engage(self, worker: str) -> None:
        self._crew.add(worker)
        self._gathering.expect(worker)
        self._send(messages.TERMS, self._terms, worker)

    def _outstanding(self) -> set[str]:
        """Return the workers that still have something to tell."""
        return {worker for worker in self._crew - self._ended_workers if self._lives(worker)}

    def _lives(self, worker: str) -> bool:
        client = self._environment.runner.clients.get(worker)
        return client is not None and client.state != _STATE_MISSING

    def _hand_in(self, msg: Any, **_given: Any) -> None:
        self._gathering.hand_in(msg.node_id, Interval.load(msg.data))

    def _worker_ended(self, msg: Any, **_given: Any) -> None:
        """Note that a worker has told everything; one that leaves before the end of the run is lost."""
        if self._stopping:
            self._ended_workers.add(msg.node_id)

    def _take(self) -> list[Interval]:
        for worker in self._crew:
            if not self._lives(worker):
                self._gathering.release(worker)
        return self._gathering.take()

    def _rest(self) -> list[Interval]:
        return self._gathering.rest()

    def _ending(self) -> Ending:
        return replace(super()._ending(), workers=len(self._crew), lost=len(self._crew - self._ended_workers))
