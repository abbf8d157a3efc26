"""The calls that a half-open breaker lets through, and what they say of the upstream together."""

from wattos_platform.kernel.resilience.breaker_types import BreakerSettings


class Probes:
    """As many permits as the settings name; once that many results are in, `verdict` tells."""

    __slots__ = ("_failed", "_passed", "_permits", "_settings", "_slow")

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self.restart()

    def restart(self) -> None:
        """Forget what was permitted and what came of it."""
        self._permits = self._passed = self._failed = self._slow = 0

    @property
    def under_way(self) -> bool:
        """Return whether any call has a permit of this round."""
        return self._permits > 0

    def admit(self) -> bool:
        """Return whether one more call may go, and count its permit."""
        if self._permits >= self._settings.half_open_permits:
            return False
        self._permits += 1
        return True

    def give_back(self) -> None:
        """Let another call have the permit of one that says nothing of the upstream."""
        self._permits = max(0, self._permits - 1)

    def take(self, *, failed: bool, slow: bool) -> None:
        """Count the result of a call that had a permit."""
        self._failed += failed
        self._passed += not failed
        self._slow += slow

    def verdict(self) -> bool | None:
        """Return whether the upstream is well again, None while too few calls have ended."""
        settings = self._settings
        done = self._failed + self._passed
        if done < settings.half_open_permits:
            return None
        return max(self._failed / settings.failure_rate, self._slow / settings.slow_call_rate) < done
