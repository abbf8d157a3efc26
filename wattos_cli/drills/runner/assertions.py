"""The assertions of one drill, each looked at from the beginning of its phase until it is decided."""

from collections.abc import Callable, Iterable, Iterator

from wattos_cli.drills.checks.check import CheckContext, CheckForm, Judged
from wattos_cli.drills.observing.record import Record
from wattos_cli.drills.observing.view import View
from wattos_cli.drills.runner.tracked import Tracked
from wattos_cli.drills.steps import Step
from wattos_cli.errors import WattosError


class Assertions:
    """`now_s` counts from the beginning of the drill; `note` is called with each step that was decided."""

    def __init__(
        self,
        checks: Iterable[CheckForm],
        record: Record,
        now_s: Callable[[], float],
        note: Callable[[Step], None],
    ) -> None:
        self._tracked = [Tracked(check) for check in checks]
        self._record = record
        self._now_s = now_s
        self._note = note

    def __iter__(self) -> Iterator[Tracked]:
        return iter(self._tracked)

    @property
    def waits(self) -> bool:
        """Return whether one whose phase has begun waits for something to happen in it."""
        return any(each.waits for each in self._tracked)

    def begin(self, phase: str) -> list[Tracked]:
        """Begin those of a phase and return them."""
        tracked = [each for each in self._tracked if each.check.when == phase]
        for each in tracked:
            each.begin(self._now_s())
        return tracked

    def look(self, view: View) -> None:
        """Show the platform as it is now to all that want to know."""
        for each in self._tracked:
            if each.looks:
                each.look(self._judged(each.check, view), self._now_s())
                self._tell(each)

    def decide(self, tracked: Iterable[Tracked], view: View) -> None:
        """Decide those of `tracked` that are not decided yet."""
        for each in tracked:
            if each.step is None:
                each.end(self._judged(each.check, view), self._now_s())
                self._tell(each)

    def _judged(self, check: CheckForm, view: View) -> Judged:
        try:
            return check.judge(CheckContext(view, self._record))
        except WattosError as error:
            return Judged(False, error.message)

    def _tell(self, tracked: Tracked) -> None:
        if tracked.step is not None:
            self._note(tracked.step)
