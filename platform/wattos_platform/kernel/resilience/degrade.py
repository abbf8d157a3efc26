"""Doing without a dependency that an answer does not need: one way, always logged, counted and told.

    with self._rag.without() as use:
        found = await self._hop.json(...)
    degraded = use.degraded  # () or ("rag",)

A failure of that dependency ends the block; bugs, the caller's own errors and cancellation go on as they are.
"""

from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Self

from wattos_platform.kernel.context import try_current
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.breaker_types import BreakerOpen
from wattos_platform.kernel.resilience.deadline import DeadlineExceeded
from wattos_platform.kernel.telemetry import Log, Meter

QUIET_S = 60.0
IsFailure = Callable[[Exception], bool]
_SERVER_ERROR = 500
# Of the 4xx, those that speak of the other side's load and not of the request.
_BUSY = frozenset({408, 425, 429})


def is_outage(error: Exception) -> bool:
    """Say whether `error` means that the other side could not do it, rather than that it was asked wrongly.

    Not: a deadline of the request's own, for which nothing is left to go on with.
    """
    if isinstance(error, DeadlineExceeded):
        return False
    if isinstance(error, ServiceError):
        return error.status >= _SERVER_ERROR or error.status in _BUSY
    return isinstance(error, (BreakerOpen, ConnectionError, TimeoutError))


def mark(dependency: str) -> bool:
    """Note on the request at hand what its answer does without, which its header `x-wattos-degraded` tells.

    False if it is noted already.
    """
    context = try_current()
    if context is None:
        return True
    if dependency in context.degraded:
        return False
    context.degraded = (*context.degraded, dependency)
    return True


class Use:
    """One use of a dependency. After its block, `error` is how it failed, `degraded` what to tell of that."""

    __slots__ = ("_of", "degraded", "error")

    def __init__(self, of: "Degradation") -> None:
        self._of = of
        self.error: Exception | None = None
        self.degraded: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if error is None:
            self._of.recovered()
            return False
        if not isinstance(error, Exception) or not self._of.is_failure(error):
            return False
        self.error = error
        self.degraded = self._of.went_without(str(error) or type(error).__name__)
        return True


class Degradation:
    """An optional dependency. Warns at most once a minute, counts each answer given without it.

    `is_failure` tells its failures from everything else; `message` is for the log: what is done instead.
    """

    def __init__(
        self,
        dependency: str,
        *,
        is_failure: IsFailure,
        message: str,
        meter: Meter,
        log: Log,
        monotonic: Callable[[], float],
    ) -> None:
        self.dependency = dependency
        self.is_failure = is_failure
        self._message = message
        self._count = meter.counter("degraded_total", dependency=dependency)
        self._log = log
        self._monotonic = monotonic
        self._told_down = False
        self._told_at = -inf
        self._untold = 0

    def without(self) -> Use:
        """Return a block in which the dependency is used, and which its failure ends without an error."""
        return Use(self)

    def went_without(self, reason: str) -> tuple[str, ...]:
        """Count and mark an answer given without it; return the mark. `reason` goes to the log.

        An answer counts once, however often it would have needed the dependency.
        """
        if not mark(self.dependency):
            return (self.dependency,)
        self._count.inc()
        self._untold += 1
        now = self._monotonic()
        if now - self._told_at >= QUIET_S:
            self._log.warning(
                "dependency.degraded",
                message=self._message,
                dependency=self.dependency,
                reason=reason,
                answers=self._untold,
            )
            self._told_at, self._told_down = now, True
            self._untold = 0
        return (self.dependency,)

    def recovered(self) -> None:
        """Note that the dependency works; logged where its failure was."""
        if self._told_down:
            self._told_down = False
            self._log.info(
                "dependency.recovered",
                message=f"{self.dependency} works again.",
                dependency=self.dependency,
                answers=self._untold,
            )
            self._untold = 0


class Degradations:
    """The optional dependencies of one service, made where the service is put together."""

    def __init__(self, *, meter: Meter, log: Log, monotonic: Callable[[], float]) -> None:
        self._meter = meter
        self._log = log
        self._monotonic = monotonic
        self._made: dict[str, Degradation] = {}

    def of(self, dependency: str, message: str, is_failure: IsFailure = is_outage) -> Degradation:
        """Return the dependency under its name, as `degraded` and the metric show it; ValueError if taken."""
        if dependency in self._made:
            raise ValueError(f"the dependency {dependency} is there already")
        made = self._made[dependency] = Degradation(
            dependency,
            is_failure=is_failure,
            message=message,
            meter=self._meter,
            log=self._log,
            monotonic=self._monotonic,
        )
        return made

    def names(self) -> frozenset[str]:
        """Return what the service can do without."""
        return frozenset(self._made)
