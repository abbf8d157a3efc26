"""What can go wrong between a service and its database, in the caller's terms."""

from enum import StrEnum

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.resilience.retry_after import retry_after


class Fault(StrEnum):
    """Whose fault it is that a call did not succeed, which decides whether a circuit breaker counts it."""

    # The call never reached the database: no free connection, a full queue, an open breaker, closing.
    SHED = "shed"
    # It is there, but not for this: locked, too slow, read-only, its disk full.
    BUSY = "busy"
    # It cannot be used at all: gone, damaged, not a database, its disk failing.
    GONE = "gone"


class DatabaseUnavailableError(ServiceError):
    """The database cannot serve now (locked, gone, read-only, full, too slow): 503, worth trying again."""

    def __init__(self, reason: str, retry_after_s: float = 1.0, *, fault: Fault = Fault.BUSY) -> None:
        super().__init__(
            503,
            "database_unavailable",
            f"the database {reason}; try again shortly",
            headers=retry_after(retry_after_s),
        )
        self.retry_after_s = retry_after_s
        self.fault = fault


def unforeseen(error: Exception) -> Exception | None:
    """Return `error` for the log's `exc_info`; None for an outage, whose message says it all."""
    return None if isinstance(error, DatabaseUnavailableError) else error


_READ_ONLY = "readonly database"
# SQLite gives OperationalError for outages and for bugs ("no such table") alike; only these are outages.
_OUTAGES = {
    "database is locked": ("is locked by another process", Fault.BUSY),
    "database table is locked": ("is locked by another process", Fault.BUSY),
    "unable to open database file": ("file cannot be opened", Fault.GONE),
    "disk i/o error": ("file cannot be read or written", Fault.GONE),
    _READ_ONLY: ("file is read-only", Fault.BUSY),
    "database or disk is full": ("disk is full", Fault.BUSY),
    "disk image is malformed": ("file is damaged", Fault.GONE),
    "file is not a database": ("file is not a database", Fault.GONE),
    "interrupted": ("took longer than the statement time-out", Fault.BUSY),
    "connection closed": ("connection was closed", Fault.GONE),
    "no active connection": ("connection was closed", Fault.GONE),
}


def translate(error: BaseException, *, reading: bool = False) -> DatabaseUnavailableError | None:
    """Return the outage that `error` stands for, or None if it is the work's own failure.

    On a reader's connection (`reading`) a refused write is such a failure: the work belongs into the writer.
    """
    if isinstance(error, PoolTimeoutError):
        return DatabaseUnavailableError("has no free connection", fault=Fault.SHED)
    if isinstance(error, DBAPIError) or not isinstance(error, SQLAlchemyError):
        text = str(getattr(error, "orig", error)).lower()
        if isinstance(error, DBAPIError) or type(error).__module__ == "sqlite3":
            for needle, (reason, fault) in _OUTAGES.items():
                if needle in text and not (reading and needle == _READ_ONLY):
                    return DatabaseUnavailableError(reason, fault=fault)
    return None
