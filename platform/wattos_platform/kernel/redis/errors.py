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
        # What `ssl` raises is an OSError whose number is none of the system's.
        tls_reason = getattr(seen, "verify_message", "") or getattr(seen, "reason", "")
        if isinstance(seen, OSError) and tls_reason:
            return f"TLS: {tls_reason}"
        if isinstance(seen, OSError) and seen.errno is not None:
            return os.strerror(seen.errno) if seen.errno > 0 else str(seen.strerror)
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__
