"""How many calls to one upstream may run at once, which follows from how fast it answers.

Two things are bounded. Calls that wait for their first byte are the load the upstream has to work off: their
number follows its latency. Answers under way are connections: `maximum` of both may be open, so that a stream
of minutes holds a connection but none of the places that the latency decides on.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Self

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.gradient import Gradient, GradientSettings
from wattos_platform.kernel.resilience.retry_after import retry_after

MAX_WAITING = 1000
_PACE_WEIGHT = 0.1


class Shed(ServiceError):  # noqa: N818 - the field's name for it
    """Too many calls to `target` run already: 503. The call never began, so no breaker counts it."""

    breaker_ignores = True
    error_type = "platform_overloaded"

    def __init__(self, target: str, retry_after_s: int = 1) -> None:
        super().__init__(
            503,
            "overloaded",
            f"Too many calls to {target} are running; try again in {retry_after_s} s.",
            headers=retry_after(retry_after_s),
        )
        self.target = target
        self.retry_after_s = float(retry_after_s)


class Permit:
    """The right to one call. Tell it what becomes of the call, and `end()` it in any case."""

    __slots__ = ("_beside", "_limit", "_waits", "kind", "since")

    def __init__(self, limit: "ConcurrencyLimit", kind: str, since: float, beside: int) -> None:
        self._limit: ConcurrencyLimit | None = limit
        self._beside = beside
        self._waits = True
        self.kind = kind
        self.since = since

    def answered(self, since: float | None = None) -> None:
        """Report the first byte of an answer that the upstream worked for.

        `since` is when the upstream had the whole request, where that is later than the permit's beginning.
        """
        limit = self._limit
        if limit is not None and self._waits:
            self._waits = False
            limit.first_byte(self.since if since is None else since, self.kind, self._beside)

    def dropped(self) -> None:
        """Report that the upstream did not answer in time, or refused the call for its load."""
        if self._limit is not None and self._waits:
            self._limit.lost()

    def gave_up(self) -> None:
        """Report that the caller's own time ran out before the first byte."""
        if self._limit is not None and self._waits:
            self._limit.abandoned(self.since, self.kind)

    def end(self) -> None:
        """Give everything back; without a report before, the call says nothing of the upstream."""
        limit, self._limit = self._limit, None
        if limit is not None:
            limit.leave(waits=self._waits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()


class ConcurrencyLimit:
    """The places of one upstream; who finds none waits in order for a short time. Belongs to one event loop.

    `clock` gives monotonic seconds. `on_wait` is told how long each call waited that had to.
    """

    __slots__ = (
        "_clock", "_gradient", "_line", "_maximum", "_moved_at", "_on_wait", "_pace_s",
        "in_flight", "open", "shed", "target",
    )  # fmt: skip

    def __init__(
        self,
        target: str,
        settings: GradientSettings,
        clock: Callable[[], float],
        *,
        epoch: float = 0.0,
        on_wait: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self.target = target
        self.in_flight = self.open = self.shed = 0
        self._clock = clock
        self._on_wait = on_wait
        self._gradient = Gradient(settings, epoch=epoch)
        self._maximum = settings.maximum
        self._line: deque[asyncio.Future[None]] = deque()
        # How long the line takes to move by one, and when it last did.
        self._pace_s = 0.0
        self._moved_at = 0.0

    @property
    def limit(self) -> int:
        """Return how many calls may wait for their first byte at once."""
        return self._gradient.limit

    def try_acquire(self, kind: str = "") -> Permit | None:
        """Return a permit if a place is free now. `kind` names calls of like latency: a route, a model."""
        in_flight = self.in_flight + 1
        gradient = self._gradient
        if in_flight > gradient.peak:  # noqa: PLR1730 - max() would cost as much as the rest of this
            gradient.peak = in_flight
        if in_flight > gradient.limit or self.open >= self._maximum:
            return None
        self.in_flight = in_flight
        self.open += 1
        return Permit(self, kind, self._clock(), in_flight)

    async def acquire(self, wait_s: float, kind: str = "") -> Permit:
        """Return a permit, waiting for a place up to `wait_s` seconds; Shed if none came free.

        Where the line is so long that waiting would be in vain, it is shed at once.
        """
        permit = self.try_acquire(kind)
        if permit is not None:
            return permit
        asked = self._clock()
        ahead = len(self._line)
        if not ahead:
            self._moved_at = asked
        if ahead * self._pace_s > wait_s or ahead >= MAX_WAITING:
            self.shed += 1
            raise Shed(self.target)
        await self._turn(wait_s)
        now = self._clock()
        self._on_wait(now - asked)
        return Permit(self, kind, now, self.in_flight)

    async def _turn(self, wait_s: float) -> None:
        """Wait in line; the place is taken when this returns."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            async with asyncio.timeout(wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # The place was handed over in the same moment: pass it on.
                self.leave(waits=True)
            elif turn in self._line:
                self._line.remove(turn)
            if isinstance(error, TimeoutError):
                self.shed += 1
                raise Shed(self.target) from error
            raise

    # What a permit reports.

    def first_byte(self, since: float, kind: str, beside: int) -> None:
        """Free the place of a call whose first byte has come, and learn from how long it took."""
        beside = max(beside, self.in_flight)
        self.in_flight -= 1
        self._gradient.answered(self._clock(), since, kind, beside)
        if self._line:
            self._admit()

    def lost(self) -> None:
        """Learn from a call that was not answered for load."""
        self._gradient.dropped(self._clock())

    def abandoned(self, since: float, kind: str) -> None:
        """Learn from a call whose own time ran out."""
        self._gradient.gave_up(self._clock(), since, kind)

    def leave(self, *, waits: bool) -> None:
        """Free what a call held."""
        self.in_flight -= waits
        self.open -= 1
        if self._line:
            self._admit()

    def _admit(self) -> None:
        line, gradient = self._line, self._gradient
        while line and self.in_flight < gradient.limit and self.open < self._maximum:
            turn = line.popleft()
            if not turn.done():
                now = self._clock()
                self._pace_s += (now - self._moved_at - self._pace_s) * _PACE_WEIGHT
                self._moved_at = now
                self.in_flight += 1
                self.open += 1
                turn.set_result(None)
