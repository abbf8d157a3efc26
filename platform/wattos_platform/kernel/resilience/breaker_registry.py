"""All circuit breakers of a process: made on demand or in advance, found by name, steered, bounded."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from random import Random

from wattos_platform.kernel.resilience.breaker_core import Breaker
from wattos_platform.kernel.resilience.breaker_events import EventRing
from wattos_platform.kernel.resilience.breaker_telemetry import BreakerTelemetry
from wattos_platform.kernel.resilience.breaker_types import (
    BreakerEvent,
    BreakerSettings,
    BreakerSnapshot,
    Order,
    State,
)
from wattos_platform.kernel.telemetry import Log, Meter, NullLog, NullMeter

MAX_BREAKERS = 1000
Accepts = Callable[[str], bool]


class UnknownBreakerError(LookupError):
    """This process neither has nor can have a breaker of that name."""


class BreakerRegistry:
    """Makes and keeps the breakers of one process, by name (`<kind>:<target>`).

    What a service knows it will call is declared in advance and kept for ever, so that it can be seen and
    steered before its first call. Others come and go: beyond `cap` the least recently asked for goes, one
    that is not closed only when no closed one can go instead. `clock` is monotonic, `wall_clock` gives epoch
    seconds.
    """

    def __init__(
        self,
        settings: BreakerSettings,
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], float] = time.time,
        meter: Meter | None = None,
        log: Log | None = None,
        rng: Random | None = None,
        cap: int = MAX_BREAKERS,
    ) -> None:
        self.settings = settings
        self.events = EventRing()
        self._clock = clock
        self._wall_clock = wall_clock
        self._telemetry = BreakerTelemetry(meter or NullMeter(), log or NullLog())
        self._rng = rng or Random()  # noqa: S311 - spreads waits, guards nothing
        self._cap = cap
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()
        self._declared: set[str] = set()
        self._admitted: dict[str, tuple[Accepts, BreakerSettings]] = {}

    def declare(self, name: str, settings: BreakerSettings | None = None) -> Breaker:
        """Return the breaker called `name`, which stays for as long as the process."""
        self._declared.add(name)
        return self.get(name, settings)

    def declare_only(self, kind: str, targets: Iterable[str]) -> None:
        """Declare `<kind>:<target>` for each of `targets`, and forget the others of that kind."""
        names = {f"{kind}:{target}" for target in targets}
        gone = [name for name in self._breakers if name.startswith(f"{kind}:") and name not in names]
        for name in gone:
            self._forget(name)
        for name in sorted(names):
            self.declare(name)

    def admit(self, kind: str, accepts: Accepts, settings: BreakerSettings | None = None) -> None:
        """Let breakers `<kind>:<target>` be made, for every target that `accepts` says yes to."""
        self._admitted[kind] = (accepts, settings or self.settings)

    def get(self, name: str, settings: BreakerSettings | None = None) -> Breaker:
        """Return the breaker called `name`, made at the first call with `settings` (or its kind's)."""
        breaker = self._breakers.get(name)
        if breaker is not None:
            self._breakers.move_to_end(name)
            return breaker
        if len(self._breakers) >= self._cap:
            self._drop_one()
        _, of_kind = self._admitted.get(name.partition(":")[0], (None, self.settings))
        breaker = Breaker(name, settings or of_kind, self._clock, rng=self._rng, on_event=self._changed)
        self._breakers[name] = breaker
        self._telemetry.show_state(name, State.CLOSED)
        return breaker

    def find(self, name: str) -> Breaker | None:
        """Return the breaker called `name`, None if nothing has asked for it yet."""
        return self._breakers.get(name)

    def obey(self, name: str, order: Order) -> Breaker:
        """Give `order` to the breaker called `name`, made now if this process can have it, and return it.

        UnknownBreakerError for a name that it cannot have.
        """
        if name not in self._breakers and not self._may_have(name):
            raise UnknownBreakerError(name)
        breaker = self.get(name)
        breaker.obey(order)
        return breaker

    def names(self) -> list[str]:
        """Return the name of every breaker."""
        return sorted(self._breakers)

    def snapshots(self) -> list[BreakerSnapshot]:
        """Return what there is to show of every breaker, by name."""
        return [self._breakers[name].snapshot() for name in self.names()]

    def in_state(self, state: State) -> list[BreakerSnapshot]:
        """Return what there is to show of the breakers in `state`, by name."""
        return [breaker.snapshot() for _, breaker in sorted(self._breakers.items()) if breaker.state is state]

    def settle(self) -> None:
        """End the states set by hand whose time is over, so that whoever follows the events learns of it."""
        for breaker in self._breakers.values():
            breaker.settle()

    def publish(self) -> None:
        """Hand all counts to the meter; the metrics endpoint calls it before each exposition."""
        self._telemetry.publish(self._breakers.values())

    def _may_have(self, name: str) -> bool:
        kind, _, target = name.partition(":")
        accepts, _ = self._admitted.get(kind, (None, None))
        return accepts is not None and accepts(target)

    def _changed(self, event: BreakerEvent) -> None:
        self.events.add(self._wall_clock(), event)
        self._telemetry.changed(event)

    def _drop_one(self) -> None:
        """Make room; what is declared stays even if that means one more than `cap`."""
        free = [name for name in self._breakers if name not in self._declared]
        closed = (name for name in free if self._breakers[name].state is State.CLOSED)
        name = next(closed, None) or next(iter(free), None)
        if name is not None:
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._declared.discard(name)
        del self._breakers[name]
        self._telemetry.forget(name)
