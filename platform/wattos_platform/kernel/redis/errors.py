"""The one error of Redis that callers see."""

import os


class RedisUnavailableError(Exception):
    """Redis did not do it: down, silent, refusing, or its breaker is open. The text names no URL."""


def reason_of(error: BaseException) -> str:
    """Return why `error` happened, in words that tell no address and no credential."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, TimeoutError):
            return "no answer in time"
        if isinstance(seen, OSError) and seen.errno is not None:
            return os.strerror(seen.errno) if seen.errno > 0 else str(seen.strerror)
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__
