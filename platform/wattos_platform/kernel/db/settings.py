"""Sizes and time-outs of the database layer."""

from dataclasses import dataclass


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
