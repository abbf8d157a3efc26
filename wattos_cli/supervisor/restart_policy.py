"""When a service that ended is started again: exponential back-off with jitter, until it is a crash loop."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True, slots=True)
class RestartSettings:
    """Back-off from `base_s` to `cap_s`; `limit` ends within `window_s` are a crash loop.

    A service that was ready for `stable_s` starts from the beginning.
    """

    base_s: float = 0.25
    cap_s: float = 30.0
    limit: int = 5
    window_s: float = 60.0
    stable_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do after an end: start again after `delay_s`, or give up (`delay_s` is None)."""

    delay_s: float | None


@dataclass(slots=True)
class RestartPolicy:
    """The memory of one replica's ends. `clock` is monotonic, in seconds."""

    settings: RestartSettings
    clock: Callable[[], float]
    rng: Random
    _ends: deque[float] = field(default_factory=deque)
    _attempt: int = 0

    def ended(self, ready_for_s: float) -> Verdict:
        """Record an end after `ready_for_s` seconds of readiness (0 if it never was) and return the verdict.

        The delay is uniform between half and all of min(cap, base * 2**n): never at once, never in step.
        """
        settings = self.settings
        if ready_for_s >= settings.stable_s:
            self.reset()
        now = self.clock()
        self._ends.append(now)
        while self._ends[0] < now - settings.window_s:
            self._ends.popleft()
        if len(self._ends) >= settings.limit:
            return Verdict(None)
        ceiling = min(settings.cap_s, settings.base_s * 2**self._attempt)
        self._attempt += 1
        return Verdict(self.rng.uniform(ceiling / 2, ceiling))

    def left(self, ready_for_s: float) -> int:
        """Return after how many more ends, of which the first comes now, a start would still follow."""
        most = self.settings.limit - 1
        if ready_for_s >= self.settings.stable_s:
            return most
        since = self.clock() - self.settings.window_s
        return max(0, most - sum(end >= since for end in self._ends))

    def reset(self) -> None:
        """Forget all ends: the operator asked for a start, or the service was stable."""
        self._ends.clear()
        self._attempt = 0
