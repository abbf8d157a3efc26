"""A drill from its first look to its verdict, in a time that only sleep moves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.drills.files import WHOLE as OUTAGE
from tests.fakes.drills.harness import House, harness
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.files.reading import read_drill
from wattos_cli.drills.outcome import Outcome
from wattos_cli.drills.runner.perform import perform
from wattos_cli.drills.steps import Phase, Step
from wattos_cli.errors import Terminated, WattosError


@pytest.fixture
def drill(tmp_path: Path) -> Callable[[str], Drill]:
    def read(text: str = OUTAGE) -> Drill:
        (tmp_path / "mine.toml").write_text(text)
        return read_drill(tmp_path / "mine.toml")

    return read


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.phases: list[Phase] = []

    def step(self, step: Step) -> None:
        self.steps.append(step)

    def phase(self, phase: Phase) -> None:
        self.phases.append(phase)


def performed(drill: Drill, house: House, **given: Any) -> Outcome:
    told = Told()
    outcome = perform(drill, harness(house, **given), told)
    assert tuple(told.steps) == outcome.steps
    return outcome


def failed(outcome: Outcome) -> list[str]:
    return [step.name for step in outcome.steps if not step.ok]


def test_a_platform_that_holds_passes(drill: Callable[[], Drill]) -> None:
    house = House()
    outcome = performed(drill(), house)
    assert (outcome.verdict, failed(outcome)) == ("pass", [])
    assert house.events == [
        "load begins",
        "apply simulator",
        "rollback simulator",
        "reset llm:openai",
        "load ends",
    ]
    assert [step.name for step in outcome.steps] == [
        "steady: well",
        "fault: simulator",
        "fault: opens",
        "fault: left alone",
        "rollback: undo: simulator",
        "recovery: closes",
        "whole: no errors",
    ]


def test_phases_are_told_as_they_begin(drill: Callable[[], Drill]) -> None:
    told = Told()
    perform(drill(), harness(House()), told)
    assert [(phase.name, phase.longest_s) for phase in told.phases] == [
        ("steady", 3.0),
        ("fault", 8.0),
        ("recovery", 10.0),
    ]
    assert [phase.at_s for phase in told.phases] == sorted(phase.at_s for phase in told.phases)


def test_the_figures_are_those_of_the_platform(drill: Callable[[], Drill]) -> None:
    house = House(until_open_s=2.0, failing=1)
    house.counters = {"llm_fallbacks_total": 3.0}
    house.counters["retry_attempts_total"] = 10.0

    def go_on() -> None:
        if house.is_ill:
            house.counters["llm_fallbacks_total"] += 2
            house.counters["retry_attempts_total"] += 1
            house.restarted = 2

    figures = performed(drill(), house, on_sleep=go_on).figures
    assert figures.open_s == pytest.approx(2.0, abs=0.51)
    assert figures.detect_s == figures.open_s
    assert figures.recover_s == pytest.approx(0.5, abs=0.01)
    assert figures.fallbacks == 32
    assert (figures.user_errors, figures.unanswered, figures.longest_s) == (8, 8, 0.75)
    assert figures.restarts == 2
    assert figures.requests is not None
    assert figures.retry_amplification == pytest.approx(1 + 16 / figures.requests)


def test_a_breaker_that_closes_is_no_sign_of_trouble(drill: Callable[[], Drill]) -> None:
    house = House(until_open_s=None)
    house.opened_at = 0.0  # of something before

    def recover() -> None:
        if house.is_ill:
            house.opened_at = None

    figures = performed(drill(), house, on_sleep=recover).figures
    assert (figures.detect_s, figures.open_s) == (None, None)


def test_a_breaker_that_never_opens_fails(drill: Callable[[], Drill]) -> None:
    outcome = performed(drill(), House(until_open_s=None))
    assert outcome.verdict == "fail"
    assert failed(outcome) == ["fault: opens", "fault: left alone"]
    assert outcome.figures.open_s is None


def test_one_that_opens_too_late_fails_and_says_by_how_much(drill: Callable[[], Drill]) -> None:
    outcome = performed(drill(), House(until_open_s=4.0))
    step = next(step for step in outcome.steps if step.name == "fault: opens")
    assert (step.ok, step.detail) == (False, "not within 3 s: llm-gateway-0 closed")


def test_errors_of_users_fail_it_and_are_told(drill: Callable[[], Drill]) -> None:
    outcome = performed(drill(), House(failing=2))
    assert failed(outcome) == ["whole: no errors"]
    assert outcome.errors == {"503 nobody answers": 16}


def test_nothing_is_broken_where_it_was_not_steady(drill: Callable[[], Drill]) -> None:
    house = House(failing=5)
    house.on.append(1e12)  # somebody else's fault
    outcome = performed(drill(), house)
    assert outcome.verdict == "invalid"
    assert outcome.reason == "not steady before anything was broken: well (measured 50 %)"
    assert house.events == ["load begins", "load ends"]


def test_a_breaker_that_refuses_is_named_where_it_was_not_steady(drill: Callable[[], Drill]) -> None:
    house = House(failing=5, on=[1e12], opened_at=0.0)
    assert performed(drill(), house).reason == (
        "not steady before anything was broken: well (measured 50 %);"
        " breaker llm:openai is open in llm-gateway-0"
        " (close it: wattos breaker reset llm:openai --reason 'before a drill')"
    )


def test_a_load_that_ends_makes_it_invalid_and_all_is_mended(drill: Callable[[], Drill]) -> None:
    house = House(load_lasts_s=8)
    outcome = performed(drill(), house)
    assert (outcome.verdict, outcome.reason) == ("invalid", "the load generator ended before the drill did")
    assert house.events[-3:] == ["rollback simulator", "reset llm:openai", "load ends"]
    assert not house.is_ill


def test_a_platform_that_goes_away_makes_it_invalid_and_all_is_mended(drill: Callable[[], Drill]) -> None:
    house = House()
    house.gone_at = house.time.now + 9
    outcome = performed(drill(), house)
    assert (outcome.verdict, outcome.reason) == ("invalid", "the platform is not running")
    assert outcome.steps
    assert house.events[-1] == "load ends"
    assert not house.is_ill


@pytest.mark.parametrize(
    ("arrives", "reason"), [(KeyboardInterrupt, "interrupted"), (Terminated, "terminated")]
)
def test_a_signal_in_the_middle_leaves_nothing_broken(
    drill: Callable[[], Drill], arrives: type[BaseException], reason: str
) -> None:
    house = House()

    def interrupt() -> None:
        if house.is_ill:
            raise arrives

    outcome = performed(drill(), house, on_sleep=interrupt)
    assert (outcome.verdict, outcome.reason, outcome.signal) == ("invalid", reason, reason)
    assert house.events[-3:] == ["rollback simulator", "reset llm:openai", "load ends"]
    assert not house.is_ill


def test_what_follows_on_its_end_is_none_of_the_outcome(drill: Callable[[], Drill]) -> None:
    house, tidy = House(), performed(drill(), House())
    outcome = performed(drill(), house, on_end=lambda: house.time.sleep(1000))
    assert outcome == tidy
    assert house.events[-3:] == ["rollback simulator", "reset llm:openai", "load ends"]


@pytest.mark.parametrize(
    ("arrives", "signal"), [(KeyboardInterrupt, "interrupted"), (Terminated, "terminated")]
)
@pytest.mark.parametrize(("failing", "verdict"), [(0, "pass"), (1, "fail")])
def test_a_signal_after_its_end_changes_no_verdict(
    drill: Callable[[], Drill], arrives: type[BaseException], signal: str, failing: int, verdict: str
) -> None:
    def interrupt() -> None:
        raise arrives

    outcome = performed(drill(), House(failing=failing), on_end=interrupt)
    assert (outcome.verdict, outcome.reason, outcome.signal) == (verdict, "", signal)


def test_a_signal_after_a_drill_that_says_nothing_keeps_its_reason(drill: Callable[[], Drill]) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    outcome = performed(drill(), House(load_lasts_s=2.0), on_end=interrupt)
    told = "the load generator ended before the drill did"
    assert (outcome.verdict, outcome.reason, outcome.signal) == ("invalid", told, "interrupted")


def test_a_bug_leaves_nothing_broken(drill: Callable[[], Drill]) -> None:
    house = House()

    def stumble() -> None:
        if house.is_ill:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        performed(drill(), house, on_sleep=stumble)
    assert not house.is_ill


@pytest.mark.parametrize("why", [WattosError("it does not answer"), OSError("no such process")])
def test_what_cannot_be_mended_fails_and_keeps_nothing_else_broken(
    drill: Callable[[str], Drill], why: Exception
) -> None:
    house = House(unmendable=why)
    two = OUTAGE.replace("[[assertions]]", '[[fault]]\nkind = "breaker"\nname = "x"\n[[assertions]]', 1)
    outcome = performed(drill(two), house)
    assert {"rollback: undo: breaker", "rollback: undo: simulator"} <= set(failed(outcome))
    assert [event for event in house.events if "rollback" in event] == [
        "rollback breaker",
        "rollback simulator",
    ]
    assert "reset llm:openai" in house.events


def test_who_listens_may_be_gone_and_all_is_mended(drill: Callable[[], Drill]) -> None:
    class Gone(Told):
        def step(self, step: Step) -> None:
            if step.name.startswith("fault"):
                raise BrokenPipeError

    house = House()
    with pytest.raises(BrokenPipeError):
        perform(drill(), harness(house), Gone())
    assert house.events[-3:] == ["rollback simulator", "reset llm:openai", "load ends"]


def test_a_fault_begins_when_it_is_due(drill: Callable[[str], Drill]) -> None:
    later = OUTAGE.replace('kind = "simulator"', 'kind = "simulator"\nafter = "4s"')
    steps = {step.name: step.at_s for step in performed(drill(later), House()).steps}
    begun = steps["fault: left alone"] - 8
    assert steps["fault: simulator"] - begun == pytest.approx(4.0, abs=0.51)


@pytest.mark.parametrize(("closes_after_s", "verdict"), [(4.5, "pass"), (5.6, "fail")])
def test_the_recovery_is_waited_for(
    drill: Callable[[str], Drill], closes_after_s: float, verdict: str
) -> None:
    by_itself = OUTAGE.replace('reset = ["llm:openai"]', "")
    house, mended_at = House(), []

    def recover() -> None:
        if "rollback simulator" in house.events:
            mended_at.append(house.time.now)
            if house.time.now - mended_at[0] >= closes_after_s - 0.5:
                house.opened_at = None

    outcome = performed(drill(by_itself), house, on_sleep=recover)
    assert outcome.verdict == verdict
    closes = next(step for step in outcome.steps if step.name == "recovery: closes")
    assert closes.at_s - outcome.steps[4].at_s == pytest.approx(min(closes_after_s, 5.5), abs=0.6)


def test_a_phase_that_may_settle_ends_when_all_is_decided(drill: Callable[[str], Drill]) -> None:
    settled = OUTAGE.replace('recovery = "10s"', 'recovery = "10s"\nsettle = "2s"')
    steps = {step.name: step.at_s for step in performed(drill(settled), House()).steps}
    assert steps["rollback: undo: simulator"] - steps["fault: simulator"] == pytest.approx(3.0, abs=0.51)


@pytest.mark.parametrize(
    ("until_open_s", "ok", "detail"),
    [(None, True, "llm-gateway-0 closed"), (3.0, False, "no more after 3.0 s: llm-gateway-0 open")],
)
def test_one_that_always_holds_does_so_at_every_look(
    drill: Callable[[str], Drill], until_open_s: float | None, ok: bool, detail: str
) -> None:
    always = OUTAGE.replace('within = "3s"', "always = true").replace('state = "open"', 'state = "closed"', 1)
    outcome = performed(drill(always), House(until_open_s=until_open_s))
    step = next(step for step in outcome.steps if step.name == "fault: opens")
    assert (step.ok, step.detail) == (ok, detail)


def test_an_assertion_must_hold_as_long_as_it_says(drill: Callable[[str], Drill]) -> None:
    long = OUTAGE.replace('state = "open"', 'state = "closed"\nfor = "4s"', 1)
    outcome = performed(drill(long), House(until_open_s=2.0))
    step = next(step for step in outcome.steps if step.name == "fault: opens")
    assert not step.ok


def test_a_load_that_never_begins_is_told(drill: Callable[[], Drill]) -> None:
    house = House(per_second=0)
    outcome = performed(drill(), house)
    assert outcome.reason == "the load did not begin: no request was answered"
    assert house.events == ["load begins", "load ends"]
