"""What a drill counted, process by process: one that was killed hides nothing, of itself or of the others."""

from collections.abc import Mapping

import pytest

from tests.fakes.cli.deps import FakeTime
from tests.fakes.drills.harness import House
from tests.fakes.metrics.series import SeriesInMemory, labels
from wattos_cli.drills.observing.counters import Counters
from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.observing.view import View
from wattos_cli.metricstore.counted import PROCESS_START

START_S, END_S, KILLED_S = 1000.0, 1060.0, 1020.0
Samples = Mapping[float, float]


def series(scrapes: Mapping[str, Samples]) -> SeriesInMemory:
    """Return the counters of fallbacks and of retries by instance, of which chat-0 is killed in between."""
    found = SeriesInMemory()
    for instance, samples in scrapes.items():
        for name in ("llm_fallbacks_total", "retry_attempts_total"):
            told = [(round(at_s * 1000), value) for at_s, value in samples.items()]
            found.add(labels(name, instance=instance), told)
    for instance in ("chat-0", "chat-1", "gateway-0"):
        began = [
            (at_s, KILLED_S + 1 if instance == "chat-0" and at_s > KILLED_S else 500.0)
            for at_s in range(900, 1065, 5)
        ]
        found.add(labels(PROCESS_START, instance=instance), [(at_s * 1000, value) for at_s, value in began])
    return found


def counted(scrapes: Mapping[str, Samples]) -> Figures:
    house = House(time=FakeTime(START_S), series=series(scrapes))
    figures = Figures(requests=20)
    before = Counters.of(View(house))
    house.time.now = END_S
    Counters.of(View(house)).since(before, figures)
    return figures


@pytest.mark.parametrize(
    ("scrapes", "expected"),
    [
        ({}, 0),
        ({"gateway-0": {1010: 4}}, 4),
        ({"chat-1": {998: 3, 1058: 5}, "gateway-0": {998: 1, 1058: 2}}, 3),
        ({"chat-0": {998: 10, 1018: 25, 1058: 3}, "gateway-0": {998: 2, 1058: 30}}, 46),
        ({"chat-0": {998: 10, 1018: 25, 1058: 12}}, 27),
        ({"chat-0": {998: 10, 1018: 25, 1058: 40}}, 55),
        ({"chat-0": {998: 10, 1018: 25}, "gateway-0": {998: 2, 1058: 30}}, 43),
    ],
    ids=[
        "nothing", "the first", "two replicas", "one was killed", "one that has come further since",
        "one that has come further than it was", "one that was killed and is silent",
    ],
)  # fmt: skip
def test_a_process_that_was_killed_hides_nothing(scrapes: Mapping[str, Samples], expected: int) -> None:
    figures = counted(scrapes)
    assert (figures.fallbacks, figures.retry_amplification) == (expected, 1 + expected / 20)
