"""Journeys as users of Locust: one adapter for all of them."""

import os
from collections.abc import Iterable
from typing import Any, ClassVar

import gevent
from locust import User, task
from locust.exception import StopUser

from wattos_cli.loadtest.driving.steps import CLEAN_UP_S, Steps, broken_off
from wattos_cli.loadtest.driving.travellers import Travellers
from wattos_cli.loadtest.journey import Journey
from wattos_cli.loadtest.locust_side.client import LocustClient, driven


class JourneyUser(User):
    """A user of Locust that goes on a journey; a step that raises counts as a failed request."""

    abstract = True
    journey: ClassVar[type[Journey]]
    travellers: ClassVar[Travellers]

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        traveller, token = self.travellers.enlist(max(getattr(environment.runner, "worker_index", 0), 0))
        self.client = LocustClient(self.host or environment.host, token, environment.events.request.fire)
        self._traveller = traveller
        self._walk = self.journey(self.client, traveller)
        self._steps = Steps(self._walk)

    def wait_time(self) -> float:
        """Return how long this user thinks now, in seconds."""
        return self._traveller.rng.uniform(*self.journey.think_s)

    def on_start(self) -> None:
        """Prepare; a failure counts as an error and ends this user, which still cleans up."""
        try:
            driven(self._walk.prepare())
        except Exception as error:  # a journey may raise anything; this user is over, the others go on
            self.client.record(broken_off(f"SETUP {self.journey.__name__}", error))
            raise StopUser from error

    def on_stop(self) -> None:
        """Remove what was made, for a limited time."""
        try:
            with gevent.Timeout(CLEAN_UP_S, TimeoutError(f"not done within {CLEAN_UP_S:g} s")):
                driven(self._walk.clean_up())
        except Exception as error:  # noqa: BLE001 - what cannot be removed is told, and no reason to break off
            self.environment.events.user_error.fire(user_instance=self, exception=error, tb=None)
        self.client.close()

    @task
    def step(self) -> None:
        """Do the next task."""
        method = self._steps.next()
        try:
            driven(method())
        except Exception as error:  # noqa: BLE001 - counted, and the user goes on
            self.client.record(broken_off(f"TASK {self.journey.__name__}.{method.__name__}", error))


def user_classes(journeys: Iterable[type[Journey]]) -> dict[str, type[JourneyUser]]:
    """Return a user class for each journey, by the same name, weighted as the plan says."""
    travellers = Travellers.of(os.environ)
    return {
        journey.__name__: type(
            journey.__name__,
            (JourneyUser,),
            {
                "__doc__": journey.__doc__,
                "journey": journey,
                "travellers": travellers,
                "weight": travellers.weights.get(journey.__name__) or 1,
            },
        )
        for journey in journeys
    }
