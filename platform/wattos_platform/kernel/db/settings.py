"""Sizes and time-outs of the database layer, and where the database is."""

from dataclasses import dataclass
from pathlib import Path


class DatabaseUrlError(ValueError):
    """The database URL names something that cannot be opened; the message says what to write instead."""


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Every bound of the database layer; durations in seconds.

    `lag_s` is how long a row given to `enqueue` may wait for company before it is committed.
    """

    pool_size: int = 4
    pool_wait_s: float = 1.0
    statement_timeout_s: float = 5.0
    work_timeout_s: float = 5.0
    queue_size: int = 1024
    max_batch: int = 64
    lag_s: float = 0.05
    close_timeout_s: float = 5.0


def sqlite_path(url: str | Path) -> Path:
    """Return the file behind `url`: a path, or `sqlite:///relative` or `sqlite:////absolute`.

    DatabaseUrlError for another scheme and for a database in memory, which several connections cannot share.
    The message never repeats the URL's user or password.
    """
    if isinstance(url, Path):
        return url
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "sqlite", f"/{url}"
    if scheme.split("+")[0] != "sqlite":
        raise DatabaseUrlError(
            f"DATABASE_URL has the scheme {scheme!r}; write sqlite:///file.db or leave DATABASE_URL unset"
        )
    path = rest.removeprefix("/")
    if path in ("", ":memory:"):
        raise DatabaseUrlError("DATABASE_URL names a database in memory; write sqlite:///file.db")
    return Path(path)
