"""One drill from its first look to its verdict: steady, fault, rollback, recovery."""

from collections.abc import Iterable
from contextlib import suppress

from wattos_cli.drills.checks.promql import PromqlForm
from wattos_cli.drills.checks.threshold import ThresholdForm
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.observing.counters import Counters
from wattos_cli.drills.observing.record import Record
from wattos_cli.drills.observing.refusing import refusing, reset_command
from wattos_cli.drills.observing.view import View
from wattos_cli.drills.runner.assertions import Assertions
from wattos_cli.drills.runner.detection import Detection
from wattos_cli.drills.runner.fault_schedule import Due, FaultSchedule
from wattos_cli.drills.runner.harness import Harness
from wattos_cli.drills.runner.tracked import Tracked
from wattos_cli.drills.steps import Observer, Phase, Step
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.load import Load

TICK_S = 0.5
_WARM_UP_S = 40.0
_LEAST_RECOVERY_S = 3.0


class InvalidDrillError(Exception):
    """The drill did not come to an end, or began on ill ground; the text says why."""


class DrillRun:
    """Runs one drill once; `steps` and `record` grow meanwhile, and stay whatever ends it."""

    def __init__(self, drill: Drill, harness: Harness, load: Load, observer: Observer) -> None:
        self.steps: list[Step] = []
        self.record = Record()
        self._drill = drill
        self._harness = harness
        self._load = load
        self._observer = observer
        self._began = harness.monotonic()
        faults = [Due(harness.fault(form), form.after or 0.0, drill.ttl_s(form)) for form in drill.fault]
        self._faults = FaultSchedule(faults, self.now_s)
        checks = (*drill.steady, *drill.assertions)
        self._assertions = Assertions(checks, self.record, self.now_s, self._note)
        self._detection: Detection | None = None

    def now_s(self) -> float:
        """Return the seconds since the drill began."""
        return self._harness.monotonic() - self._began

    def run(self) -> None:
        """Go through all phases. InvalidDrillError when the drill says nothing; nothing stays broken."""
        try:
            self._warm_up()
            self._steady()
            before = Counters.of(View(self._harness.platform))
            self._fault()
            self._rollback()
            self._recovery()
            self._conclude(before)
        finally:
            self._rollback()

    def _rollback(self) -> None:
        """Mend what is broken and close the breakers that the drill names, whatever arrives meanwhile."""
        with self._harness.shield.shielded():
            names = self._drill.rollback.reset if self._faults.begun else ()
            steps = self._faults.rollback()
            for name in names:
                try:
                    self._harness.reset(name)
                except WattosError as error:
                    steps.append(Step(f"rollback: close {name}", False, self.now_s(), error.message))
            self._note(*steps)  # last: who listens may be gone

    def _warm_up(self) -> None:
        """Wait until the load is there: a cold start is not what is looked at."""
        while not self.record.has_requests:
            if self.now_s() > _WARM_UP_S or not self._load.running:
                self._load.result()
                raise InvalidDrillError("the load did not begin: no request was answered")
            self._wait()

    def _steady(self) -> None:
        tracked = self._begin("steady")
        self._let_pass("steady", self._drill.phases.steady)
        self._decide(tracked)
        bad = [each.step for each in tracked if each.step is not None and not each.step.ok]
        if bad:
            told = "; ".join(f"{step.name.removeprefix('steady: ')} ({step.detail})" for step in bad)
            raise InvalidDrillError(f"not steady before anything was broken: {told}{self._refusing()}")

    def _refusing(self) -> str:
        """Return which breakers refuse calls, perhaps the reason for what was found, and what closes them."""
        try:
            found = refusing(View(self._harness.platform).breakers)
        except WattosError:
            return ""
        return "".join(f"; {told} (close it: {reset_command(name)})" for name, told in found.items())

    def _fault(self) -> None:
        before = View(self._harness.platform)
        self._detection = Detection(before, self._harness.platform, self.record.figures)
        tracked = self._begin("fault")
        self._assertions.begin("whole")
        phases = self._drill.phases
        self._let_pass("fault", phases.fault, settle_s=phases.settle)
        self._decide(each for each in tracked if each.check.lasting)
        self._detection = None

    def _recovery(self) -> None:
        tracked = self._begin("recovery")
        thresholds = [each.check for each in tracked if isinstance(each.check, ThresholdForm)]
        least_s = _LEAST_RECOVERY_S + max((check.after or 0.0 for check in thresholds), default=0.0)
        self._let_pass("recovery", self._drill.phases.recovery, least_s=least_s, settle_s=0.0)
        self._decide(each for each in tracked if each.check.lasting)

    def _conclude(self, before: Counters) -> None:
        """Work out the figures, and judge what looks back."""
        figures, began_s = self.record.figures, self.record.began_s("recovery")
        self._note_metrics()
        waited = [each for each in self._assertions if each.check.when == "recovery" and each.check.within]
        held = [each.step.at_s for each in waited if each.step is not None and each.step.ok]
        figures.recover_s = max(held) - began_s if held and len(held) == len(waited) else None
        figures.count(self.record.requests("whole"))
        Counters.of(View(self._harness.platform)).since(before, figures)
        self._decide(self._assertions)

    def _note_metrics(self) -> None:
        """Count metrics that the drill waited for in the fault as a sign, if they came first."""
        steps = [each.step for each in self._assertions if isinstance(each.check, PromqlForm) and each.step]
        times = [step.at_s for step in steps if step.ok and step.name.startswith("fault")]
        if times:
            first_s = min(times) - self.record.began_s("fault")
            figures = self.record.figures
            figures.detect_s = min(first_s, first_s if figures.detect_s is None else figures.detect_s)

    def _begin(self, phase: str) -> list[Tracked]:
        """Begin a phase and return its assertions."""
        self._observer.phase(Phase(phase, self.now_s(), self._drill.phases.of(phase)))
        self.record.begin(phase, self.now_s(), self._harness.platform.counts())
        return self._assertions.begin(phase)

    def _let_pass(
        self, phase: str, length_s: float, *, least_s: float = 0.0, settle_s: float | None = None
    ) -> None:
        """Let a phase pass.

        With `settle_s` it ends earlier: so long after all that waits was decided, `least_s` old at the least.
        """
        began_s = decided_s = self.now_s()
        while (passed_s := self.now_s() - began_s) < length_s:
            if phase == "fault":
                self._apply_faults(passed_s)
            self._wait(min(TICK_S, length_s - passed_s))
            self._look()
            now_s = self.now_s()
            if self._faults.waits or self._assertions.waits:
                decided_s = now_s
            elif settle_s is not None and now_s - began_s >= least_s and now_s - decided_s >= settle_s:
                return

    def _apply_faults(self, passed_s: float) -> None:
        steps = self._faults.apply(passed_s)
        self._note(*steps)
        for step in steps:
            if not step.ok:
                raise InvalidDrillError(f"{step.name} could not be begun: {step.detail}")

    def _look(self) -> None:
        """Look at the platform once, for everything that waits for something."""
        view = View(self._harness.platform)
        if self._detection is not None:
            passed_s = self.now_s() - self.record.began_s("fault")
            with suppress(WattosError):  # who does not answer gives no sign
                self._detection.look(view, passed_s, self._harness.clock())
        self._assertions.look(view)

    def _decide(self, tracked: Iterable[Tracked]) -> None:
        self._assertions.decide(tracked, View(self._harness.platform))

    def _wait(self, seconds: float = TICK_S) -> None:
        self._harness.sleep(seconds)
        self.record.take(self._load.poll(), self.now_s())
        if not self._load.running and self.record.has_requests:
            raise InvalidDrillError("the load generator ended before the drill did")

    def _note(self, *steps: Step) -> None:
        for step in steps:
            self.steps.append(step)
            self._observer.step(step)
