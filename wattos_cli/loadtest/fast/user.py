"""A virtual user: a journey, its client, and what comes of its steps."""

import asyncio

from wattos_cli.loadtest.driving.evidence import error_line
from wattos_cli.loadtest.driving.stderr import write_line
from wattos_cli.loadtest.driving.steps import Steps, broken_off
from wattos_cli.loadtest.fast.client import FastClient
from wattos_cli.loadtest.journey import Journey, Traveller


class VirtualUser:
    """Prepares, does one task after the other, cleans up; a step that raises counts as a failed request."""

    def __init__(self, journey: type[Journey], client: FastClient, traveller: Traveller) -> None:
        self.journey = journey
        self.client = client
        self._rng = traveller.rng
        self._walk = journey(client, traveller)
        self._steps = Steps(self._walk)

    async def prepare(self) -> bool:
        """Make what the tasks need; return whether that went well."""
        try:
            await self._walk.prepare()
        except asyncio.CancelledError:
            late = TimeoutError("not prepared in time")
            self.client.record(broken_off(f"SETUP {self.journey.__name__}", late))
            raise
        except Exception as error:  # noqa: BLE001 - a journey may raise anything; it is counted
            self.client.record(broken_off(f"SETUP {self.journey.__name__}", error))
            return False
        return True

    async def iterate(self) -> None:
        """Do the next task."""
        method = self._steps.next()
        try:
            await method()
        except Exception as error:  # noqa: BLE001 - counted, and the user goes on
            self.client.record(broken_off(f"TASK {self.journey.__name__}.{method.__name__}", error))

    def thinks_s(self) -> float:
        """Return how long this user thinks now, in seconds."""
        return self._rng.uniform(*self.journey.think_s)

    async def clean_up(self) -> None:
        """Remove what was made; what cannot be removed is told."""
        self.client.owed_s = 0.0
        try:
            await self._walk.clean_up()
        except Exception as error:  # noqa: BLE001 - told, and no reason to break off
            write_line(f"{self.journey.__name__}: not cleaned up: {error_line(error)}")
        self.client.close()


class InterruptibleSleep:
    """A wait that can be cut short."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None

    async def sleep(self, seconds: float) -> None:
        """Wait, unless woken before."""
        self._waiter = self._loop.create_future()
        handle = self._loop.call_later(seconds, self.wake)
        try:
            await self._waiter
        finally:
            handle.cancel()

    def wake(self) -> None:
        """End the wait."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
