"""An assertion over time: by when it must begin to hold, and for how long it must go on."""

from wattos_cli.drills.checks.check import CheckForm, Judged
from wattos_cli.drills.steps import Step


class Tracked:
    """An assertion from the beginning of its phase on; `step` is None until it is decided."""

    def __init__(self, check: CheckForm) -> None:
        self.check = check
        self.step: Step | None = None
        self._began_s: float | None = None
        self._since_s: float | None = None
        self._last = Judged(False, "never judged")

    @property
    def waits(self) -> bool:
        """Return whether its phase has begun, and it waits for something to happen in it."""
        return self._is_undecided and self.check.within is not None

    @property
    def looks(self) -> bool:
        """Return whether its phase has begun, and it wants to know how things are."""
        return self._is_undecided and (self.check.within is not None or self.check.always)

    @property
    def _is_undecided(self) -> bool:
        return self._began_s is not None and self.step is None

    def begin(self, at_s: float) -> None:
        """Begin to count its times."""
        self._began_s = at_s

    def look(self, judged: Judged, now_s: float) -> None:
        """Take in how it is now."""
        began_s = now_s if self._began_s is None else self._began_s
        self._last = judged
        if not self.check.always:
            self._await(judged, now_s, began_s)
        elif not judged.ok:
            self._decide(False, now_s, f"no more after {now_s - began_s:.1f} s: {judged.detail}")

    def _await(self, judged: Judged, now_s: float, began_s: float) -> None:
        """Decide it when it has begun to hold in time and held for long enough, or can do so no more."""
        within_s, for_s = self.check.within or 0.0, self.check.for_ or 0.0
        if not judged.ok:
            self._since_s = None
            if now_s - began_s > within_s:
                self._decide(False, now_s, f"not within {within_s:g} s: {judged.detail}")
            return
        if self._since_s is None:
            self._since_s = now_s
        if self._since_s - began_s > within_s:
            self._decide(False, now_s, f"noticed only after {self._since_s - began_s:.1f} s: {judged.detail}")
        elif now_s - self._since_s >= for_s:
            held = f", held {for_s:g} s" if for_s else ""
            told = f"noticed after {self._since_s - began_s:.1f} s{held}: {judged.detail}"
            self._decide(True, self._since_s, told)

    def end(self, judged: Judged, now_s: float) -> None:
        """Decide it, because its phase is over."""
        if self.step is not None:
            return
        if self.check.within is None:
            self._decide(judged.ok, now_s, judged.detail)
        else:
            self._decide(False, now_s, f"its phase ended first: {self._last.detail}")

    def _decide(self, ok: bool, at_s: float, detail: str) -> None:  # noqa: FBT001 - what it decides
        self.step = Step(f"{self.check.when}: {self.check.title}", ok, at_s, detail)
