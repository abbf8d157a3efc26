"""The circuit breakers before a database, and which failures speak against it.

Two, because SQLite has one writer and many readers: while another process holds the write lock, writing fails
and reading goes on. `db:main` sees every call and opens when the database itself is out of order; tripped by
hand it stops everything. `db:writes` sees the writes alone and opens when nothing can be written.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType

from wattos_platform.kernel.db.errors import DatabaseUnavailableError, Fault
from wattos_platform.kernel.resilience.breaker import Breaker, BreakerOpen, BreakerRegistry

MAIN, WRITES = "db:main", "db:writes"
_EVERY_OUTAGE = frozenset({Fault.BUSY, Fault.GONE})


class DatabaseGuard:
    """Lends permits for reading and writing; belongs to one event loop.

    Not counted: what the work itself did wrong (a constraint, a bug), for then the database answered; what
    never reached it (no free connection, a full queue, a service that is closing); who was cancelled.
    """

    def __init__(self, breakers: BreakerRegistry) -> None:
        settings = breakers.settings.nearby()
        self._main = breakers.declare(MAIN, settings)
        self._writes = breakers.declare(WRITES, settings)

    def reading(self) -> AbstractContextManager[None]:
        """Return the block of one read; DatabaseUnavailableError on entering while the breaker is open."""
        return _Passage(self._main, _EVERY_OUTAGE)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Pass both breakers with one write, or several that share their fate; errors as for `reading`."""
        with _Passage(self._main, frozenset({Fault.GONE})), _Passage(self._writes, _EVERY_OUTAGE):
            yield


class _Passage:
    """One call through one breaker; of the outages only `counted` speak against what is behind it."""

    __slots__ = ("_breaker", "_counted", "_permit")

    def __init__(self, breaker: Breaker, counted: frozenset[Fault]) -> None:
        self._breaker = breaker
        self._counted = counted
        self._permit = 0.0

    def __enter__(self) -> None:
        try:
            self._permit = self._breaker.allow()
        except BreakerOpen as refusal:
            raise DatabaseUnavailableError(
                f"is left alone for now, the circuit breaker {self._breaker.name} is open",
                refusal.retry_after_s,
                fault=Fault.SHED,
            ) from refusal

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, DatabaseUnavailableError):
            if error.fault in self._counted:
                # Without the error: its retry_after_s is advice to callers, not the database's wish.
                self._breaker.failure(None, self._permit)
            else:
                self._breaker.release(self._permit)
        elif error is None or isinstance(error, Exception):
            self._breaker.success(self._permit)
        else:
            self._breaker.release(self._permit)
