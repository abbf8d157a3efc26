"""The faults of one drill: applied when they are due, all mended in any case."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from wattos_cli.drills.faults.fault import Fault
from wattos_cli.drills.steps import Step
from wattos_cli.errors import WattosError


@dataclass(frozen=True, slots=True)
class Due:
    """A fault, `after_s` of its phase to begin, ended by itself `ttl_s` later."""

    fault: Fault
    after_s: float
    ttl_s: float


class FaultSchedule:
    """Applies faults and mends them; `now_s` counts from the beginning of the drill."""

    def __init__(self, faults: Sequence[Due], now_s: Callable[[], float]) -> None:
        self._waiting = sorted(faults, key=lambda due: due.after_s)
        self._begun: list[Due] = []
        self._now_s = now_s

    def apply(self, passed_s: float) -> list[Step]:
        """Apply what is due when so much of the phase has passed; what cannot be applied is a bad step."""
        steps = []
        while self._waiting and self._waiting[0].after_s <= passed_s:
            due = self._waiting.pop(0)
            self._begun.append(due)  # before it is applied: half an application is mended, too
            work = partial(due.fault.apply, due.ttl_s)
            steps.append(self._step(f"fault: {due.fault.describe()}", work))
        return steps

    @property
    def waits(self) -> bool:
        """Return whether a fault is still to begin."""
        return bool(self._waiting)

    @property
    def begun(self) -> bool:
        """Return whether something is, or may be, broken."""
        return bool(self._begun)

    def rollback(self) -> list[Step]:
        """Mend all, the last one first; one that cannot be mended keeps none of the others broken."""
        self._waiting.clear()
        steps = []
        while self._begun:
            fault = self._begun.pop().fault
            try:
                steps.append(self._step(f"rollback: undo: {fault.describe()}", fault.rollback))
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are mended, too
                told = f"{type(error).__name__}: {error}"
                steps.append(Step(f"rollback: undo: {fault.describe()}", False, self._now_s(), told))
        return steps

    def _step(self, name: str, work: Callable[[], None]) -> Step:
        try:
            work()
        except WattosError as error:
            return Step(name, False, self._now_s(), error.message)
        return Step(name, True, self._now_s())
