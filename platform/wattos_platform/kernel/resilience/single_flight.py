"""Several callers who want the same thing at the same time share one piece of work."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any


class _Flight:
    __slots__ = ("task", "waiters")

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self.task = task
        self.waiters = 0


class SingleFlight:
    """Runs at most one piece of work per key; a cancelled caller ends it only if nobody else waits."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight] = {}

    async def share(self, key: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Return the result of the work that runs for `key`, begun here if none does."""
        flight = self._flights.get(key) or self._begin(key, work)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                # Out of the table first: who comes now must not join what is being cancelled.
                self._forget(key, flight)
                flight.task.cancel()

    def start(
        self,
        key: str,
        work: Callable[[], Awaitable[Any]],
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Run the work behind, unless it runs already; its error goes to `on_error`."""
        if key in self._flights:
            return
        flight = self._begin(key, work)
        # Nobody waits, yet no waiter that comes and goes may end it.
        flight.waiters += 1

        def told(task: asyncio.Task[Any]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                on_error(error)

        flight.task.add_done_callback(told)

    async def close(self) -> None:
        """Cancel all that runs and wait for its end."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, key: str, work: Callable[[], Awaitable[Any]]) -> _Flight:
        async def run() -> Any:
            return await work()

        coroutine: Coroutine[Any, Any, Any] = run()
        flight = _Flight(asyncio.create_task(coroutine, name=f"single-flight:{key}"))
        self._flights[key] = flight

        def ended(task: asyncio.Task[Any]) -> None:
            self._forget(key, flight)
            if not task.cancelled():
                # Seen here, so that a failure whose every waiter left is no "never retrieved" warning.
                task.exception()

        flight.task.add_done_callback(ended)
        return flight

    def _forget(self, key: str, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
