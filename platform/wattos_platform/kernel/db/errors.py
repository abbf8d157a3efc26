"""What can go wrong between a service and its database, in the caller's terms."""

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from wattos_platform.kernel.errors import ServiceError


class DatabaseUnavailableError(ServiceError):
    """The database cannot serve now (locked, gone, read-only, full, too slow): 503, worth trying again."""

    def __init__(self, reason: str, retry_after_s: int = 1) -> None:
        super().__init__(
            503,
            "database_unavailable",
            f"the database {reason}; try again shortly",
            headers={"Retry-After": str(retry_after_s)},
        )
        self.retry_after_s = retry_after_s


_READ_ONLY = "readonly database"
# SQLite gives OperationalError for outages and for bugs ("no such table") alike; only these are outages.
_OUTAGES = {
    "database is locked": "is locked by another process",
    "database table is locked": "is locked by another process",
    "unable to open database file": "file cannot be opened",
    "disk i/o error": "file cannot be read or written",
    _READ_ONLY: "file is read-only",
    "database or disk is full": "disk is full",
    "disk image is malformed": "file is damaged",
    "file is not a database": "file is not a database",
    "interrupted": "took longer than the statement time-out",
    "connection closed": "connection was closed",
    "no active connection": "connection was closed",
}


def translate(error: BaseException, *, reading: bool = False) -> DatabaseUnavailableError | None:
    """Return the outage that `error` stands for, or None if it is the work's own failure.

    On a reader's connection (`reading`) a refused write is such a failure: the work belongs into the writer.
    """
    if isinstance(error, PoolTimeoutError):
        return DatabaseUnavailableError("has no free connection")
    if isinstance(error, DBAPIError) or not isinstance(error, SQLAlchemyError):
        text = str(getattr(error, "orig", error)).lower()
        if isinstance(error, DBAPIError) or type(error).__module__ == "sqlite3":
            for needle, reason in _OUTAGES.items():
                if needle in text and not (reading and needle == _READ_ONLY):
                    return DatabaseUnavailableError(reason)
    return None
