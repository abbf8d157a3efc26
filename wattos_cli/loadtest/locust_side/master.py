"""The master's part: workers count, here it becomes one run."""

from dataclasses import replace
from typing import Any

import gevent

from wattos_cli.loadtest.locust_side import messages
from wattos_cli.loadtest.locust_side.aggregator import IntervalAggregator
from wattos_cli.loadtest.locust_side.coordinator import SLACK_S, Coordinator, patience_s
from wattos_cli.loadtest.locust_side.open_model import Install
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.locust_side.waiting import wait_while
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.journal import Journal
from wattos_cli.loadtest.measuring.measured import Ending
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.planning.arrivals import READY_S

_LOOK_S = 0.2
_STATE_MISSING = "missing"
_STATE_STOPPING = "stopping"


class Master(Coordinator):
    """Leads a run whose users are in worker processes.

    A worker that does not say in the end that it has told everything is lost, and with it what it counted
    last.
    """

    def __init__(
        self, plan: Plan, environment: Any, journal: Journal, *, install: Install, send: messages.Send
    ) -> None:
        super().__init__(plan, environment, journal, Recorder(plan.objectives_ms), install=install)
        self._terms = replace(plan, tokens=()).dump()
        self._send = send
        self._aggregator = IntervalAggregator()
        self._stopping = False
        self._crew: set[str] = set()
        self._ready: set[str] = set()
        self._ended_workers: set[str] = set()
        environment.runner.register_message(messages.READY, self._worker_ready)
        environment.runner.register_message(messages.INTERVAL, self._hand_in)
        environment.runner.register_message(messages.ENDING, self._worker_ended)
        gevent.spawn(self._journaling, self._tell_who_comes)

    def start(self, **given: Any) -> None:
        """Tell the workers what it is about, and begin."""
        for worker in list(self._environment.runner.clients):
            self._engage(worker)
        super().start(**given)

    def join(self, client_id: str, **_given: Any) -> None:
        """Take in a worker that comes while the run is under way."""
        if self._begun:
            self._engage(client_id)

    def spawned(self, **_given: Any) -> None:
        """Leave it to the workers to say when their users are ready."""

    def stopping(self, **given: Any) -> None:
        """Let the workers stop, and wait for the last that they have to tell."""
        super().stopping(**given)
        self._stopping = True
        # Else it would give the users of those who stop to the others.
        self._environment.runner.update_state(_STATE_STOPPING)
        self._send(messages.STOP, None, None)
        wait_while(lambda: self._living(self._crew - self._ended_workers), patience_s(self._plan))

    def _tell_who_comes(self) -> None:
        """Write how many workers are here, whenever that changes, until the run begins."""
        told = None
        while not self._begun:
            came = len(self._environment.runner.clients.ready)
            if came != told:
                self._journal.workers(told := came)
            gevent.sleep(_LOOK_S)

    def _prepare(self) -> None:
        gevent.spawn(self._go_together)

    def _go_together(self) -> None:
        """Let arrivals begin when the users of every worker are ready."""
        wait_while(lambda: self._living(self._crew - self._ready), READY_S + SLACK_S)
        ready = sorted(self._living(self._crew))
        for index, worker in enumerate(ready):
            self._send(messages.GO, {"index": index, "of": len(ready)}, worker)
        self._recorder.restart()
        self._go()

    def _engage(self, worker: str) -> None:
        self._crew.add(worker)
        self._aggregator.expect(worker)
        self._send(messages.TERMS, self._terms, worker)

    def _living(self, workers: set[str]) -> set[str]:
        """Return those of the workers that are neither gone nor missing."""
        clients = self._environment.runner.clients
        return {worker for worker in workers if worker in clients and clients[worker].state != _STATE_MISSING}

    def _worker_ready(self, msg: Any, **_given: Any) -> None:
        self._ready.add(msg.node_id)

    def _hand_in(self, msg: Any, **_given: Any) -> None:
        self._aggregator.hand_in(msg.node_id, Interval.load(msg.data))

    def _worker_ended(self, msg: Any, **_given: Any) -> None:
        """Note that a worker has told everything; one that leaves before the end of the run is lost."""
        if self._stopping:
            self._ended_workers.add(msg.node_id)

    def _take(self) -> list[Interval]:
        for worker in self._crew - self._living(self._crew):
            self._aggregator.release(worker)
        return self._aggregator.take()

    def _rest(self) -> list[Interval]:
        return self._aggregator.rest()

    def _ending(self) -> Ending:
        return replace(super()._ending(), workers=len(self._crew), lost=len(self._crew - self._ended_workers))
