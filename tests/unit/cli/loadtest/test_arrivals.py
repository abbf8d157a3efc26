"""When iterations of the open model are due."""

from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.loadtest.plan import Arrivals, Stage
from wattos_cli.loadtest.planning.arrivals import level_at, times

RATES = st.floats(0, 50)
STAGES = st.lists(st.builds(Stage, st.floats(0.01, 20), RATES), min_size=1, max_size=4).map(tuple)


def summed_up(arrivals: Arrivals, at_s: float) -> float:
    """Return the integral of the rate from 0 to `at_s`, by trapezoids over the stages."""
    total, level = 0.0, arrivals.start
    for stage in arrivals.stages:
        here_s = min(at_s, stage.duration_s)
        reached = level + (stage.level - level) * here_s / stage.duration_s
        total += (level + reached) / 2 * here_s
        at_s, level = at_s - here_s, stage.level
    return total


def even(start: float, *stages: Stage) -> list[float]:
    return list(times(Arrivals(start, stages), Random(1)))


def test_a_constant_rate_is_even_and_begins_at_once() -> None:
    assert even(4, Stage(1, 4)) == [0, 0.25, 0.5, 0.75]


def test_a_ramp_gets_denser() -> None:
    gaps = [later - earlier for earlier, later in pairwise(even(0, Stage(10, 10)))]
    assert len(gaps) == 49
    assert gaps == sorted(gaps, reverse=True)


def test_no_rate_no_arrivals() -> None:
    assert even(0, Stage(5, 0)) == []
    assert even(0, Stage(5, 0), Stage(1, 0), Stage(0.5, 8)) == pytest.approx([6, 6.35355], abs=1e-4)


@given(start=RATES, stages=STAGES)
def test_each_even_arrival_is_where_the_rate_sums_up_to_its_number(
    start: float, stages: tuple[Stage, ...]
) -> None:
    arrivals = Arrivals(start, stages)
    found = list(times(arrivals, Random(1)))
    whole_s = sum(stage.duration_s for stage in stages)
    assert found == sorted(found)
    assert all(0 <= due <= whole_s for due in found)
    for number, due in enumerate(found):
        assert summed_up(arrivals, due) == pytest.approx(number, abs=1e-6)
    assert len(found) == pytest.approx(summed_up(arrivals, whole_s) + 0.5, abs=0.5 + 1e-6)


@given(start=RATES, stages=STAGES, seed=st.integers(0, 1000))
def test_poisson_arrivals_are_in_order_in_time_and_repeatable(
    start: float, stages: tuple[Stage, ...], seed: int
) -> None:
    arrivals = Arrivals(start, stages, poisson=True)
    found = list(times(arrivals, Random(seed)))
    assert found == sorted(found) == list(times(arrivals, Random(seed)))
    assert all(0 <= due <= sum(stage.duration_s for stage in stages) for due in found)


def test_poisson_gaps_are_exponential() -> None:
    found = list(times(Arrivals(100, (Stage(200, 100),), poisson=True), Random(7)))
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert len(found) == pytest.approx(20_000, rel=0.02)
    assert mean(gaps) == pytest.approx(0.01, rel=0.02)
    assert sum(gap > 0.01 for gap in gaps) / len(gaps) == pytest.approx(0.3679, abs=0.01)  # 1/e


@given(start=RATES, stages=STAGES, share=st.floats(0, 1))
def test_the_level_goes_straight_through_each_stage(
    start: float, stages: tuple[Stage, ...], share: float
) -> None:
    before = sum(stage.duration_s for stage in stages[:-1])
    last = stages[-1]
    begins = stages[-2].level if len(stages) > 1 else start
    expected = begins + (last.level - begins) * share
    assert level_at(start, stages, before + share * last.duration_s) == pytest.approx(expected, abs=1e-6)
    assert level_at(start, stages, before + last.duration_s + 1) == last.level
