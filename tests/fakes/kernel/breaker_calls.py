"""Calls through a breaker, for tests that only care how they end."""

from wattos_platform.kernel.resilience.breaker import BreakerOpen


def fail(breaker, times=1, error=None):
    for _ in range(times):
        breaker.failure(error or ConnectionError(), breaker.allow())


def succeed(breaker, times=1):
    for _ in range(times):
        breaker.success(breaker.allow())


def refused(breaker):
    try:
        breaker.release(breaker.allow())
    except BreakerOpen:
        return True
    return False
