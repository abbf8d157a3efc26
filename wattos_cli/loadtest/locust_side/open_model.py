"""The open model in one process of Locust: users are made ready, then arrivals begin."""

from collections.abc import Callable
from itertools import islice
from random import Random
from typing import Any

from wattos_cli.loadtest.locust_side.arrival_queue import ArrivalQueue
from wattos_cli.loadtest.locust_side.waiting import wait_while
from wattos_cli.loadtest.plan import Arrivals
from wattos_cli.loadtest.planning.arrivals import LATE_S, READY_S, times

Install = Callable[[ArrivalQueue], None]
"""Makes every user of this process go through the queue of arrivals before each of its tasks."""


class OpenModel:
    """The share of the arrivals that one process serves."""

    def __init__(self, arrivals: Arrivals, seed: int, install: Install) -> None:
        self.arrival_queue = ArrivalQueue()
        self._arrivals = arrivals
        self._seed = seed
        install(self.arrival_queue)

    def gather(self, runner: Any) -> None:
        """Wait until every user of the runner is ready for an arrival, `READY_S` at the longest."""
        wait_while(lambda: self.arrival_queue.free < runner.user_count, READY_S)

    def open(self, runner: Any, index: int, of: int) -> None:
        """Begin; of `of` processes this is number `index`, and every `of`-th arrival is its own.

        They are of the user classes in proportion to the users that the runner has of each.
        """
        dice = Random(f"{self._seed}/arrivals")  # noqa: S311 - dice
        due = islice(times(self._arrivals, dice), index, None, of)
        kinds = Random(f"{self._seed}/{index}/kinds")  # noqa: S311 - dice
        self.arrival_queue.open(due, runner.user_classes_count, kinds)

    def drain(self) -> None:
        """Let no more arrivals come, and wait until those that wait are begun or dropped."""
        self.arrival_queue.close()
        wait_while(lambda: self.arrival_queue.waiting, LATE_S)
