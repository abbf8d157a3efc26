"""A run that cannot pass any more ends; one that still can goes on."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fakes.loadtest.generation import second
from wattos_cli.loadtest.judging.early_abort import EarlyAbort
from wattos_cli.loadtest.judging.thresholds import parse
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.plan import Arrivals, Plan, Stage

MINUTE = range(60)
STEADY = Plan(Path("locustfile.py"), {"Chat": 1}, "http://x", 10, 10.0, 60.0)
RAMP = Plan(
    Path("locustfile.py"), {"Chat": 1}, "http://x", 10, 10.0, 60.0, arrivals=Arrivals(1, (Stage(60, 50),))
)


def stopped_at(
    intervals: Sequence[Interval], *thresholds: str, plan: Plan = STEADY
) -> tuple[float, str] | None:
    look, measured = EarlyAbort(plan, [parse(text) for text in thresholds]), Measured()
    for interval in intervals:
        measured.add(interval)
        stopped = look(measured)
        if stopped is not None:
            assert stopped.verdict == "fail"
            return measured.total.span_s, stopped.reason
    return None


@pytest.mark.parametrize(
    ("seconds", "threshold", "at_s"),
    [
        pytest.param([second(at, *[10.0] * 10) for at in MINUTE], "p95<500ms", None, id="all-well"),
        pytest.param([second(at, failures=2) for at in MINUTE], "p95<500ms", 10, id="every-request-fails"),
        pytest.param([second(at, 10, failures=at % 3) for at in MINUTE], "p95<500ms", None, id="some-fail"),
        pytest.param([second(at, failures=at == 0) for at in MINUTE], "p95<1s", None, id="one-failed-alone"),
        pytest.param([second(at, 900.0 if at > 3 else 9) for at in MINUTE], "max<500ms", 5, id="a-maximum"),
        pytest.param([second(at, 10, 900.0) for at in MINUTE], "count<20", 10, id="a-count"),
        pytest.param([second(at, 10, 900.0) for at in MINUTE], "min>20", 1, id="a-minimum"),
        pytest.param([second(at, 10, failures=1) for at in MINUTE], "errors:count<=3", 4, id="failures"),
        pytest.param([second(at, 10, usd=0.4) for at in MINUTE], "usd:sum<1", 3, id="dollars"),
        pytest.param([second(at, *[900.0] * 10) for at in MINUTE], "p95<500ms", 10, id="a-quantile"),
        pytest.param(
            [second(at, *[900.0 if at < 4 else 9] * 10) for at in MINUTE], "p95<1s", None, id="a-slow-start"
        ),
        pytest.param([second(at, 10, failures=2) for at in MINUTE], "errors:rate<1%", 10, id="a-share"),
    ],
)
def test_it_stops_when_nothing_can_help_and_not_before(
    seconds: list[Interval], threshold: str, at_s: float | None
) -> None:
    found = stopped_at(seconds, threshold)
    assert (found and found[0]) == at_s


def test_a_load_that_grows_may_make_good_what_began_badly() -> None:
    seconds = [second(at, *[900.0] * 10) for at in range(60)]
    assert stopped_at(seconds, "p95<500ms", plan=RAMP) is None


@pytest.mark.parametrize("left", [0, 1, 30], ids=lambda left: f"{left}s-left")
def test_what_is_called_hopeless_would_have_failed(left: int) -> None:
    """However well twice the load is answered after it stopped, the threshold does not hold."""
    bad = [second(at, *[10.0] * 5, *[900.0] * 15) for at in range(60 - left)]
    found = stopped_at(bad, "p95<500ms")
    if found is None:
        return
    measured = Measured()
    for interval in bad[: int(found[0])]:
        measured.add(interval)
    for at in range(int(found[0]), 60):
        measured.add(second(at, *[10.0] * 40))
    assert (measured.of().time("latency").quantile(0.95) or 0) > 500
