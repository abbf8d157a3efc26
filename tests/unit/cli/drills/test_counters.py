"""What a drill counted, process by process: one that was killed hides nothing of the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from tests.fakes.drills.harness import House
from wattos_cli.deps import MetricAnswer
from wattos_cli.drills.observing.counters import Counters
from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.observing.view import Scraped, View

Values = Mapping[str, float]


@dataclass
class Replicas(House):
    """A platform whose counters of retries and of fallbacks are `values`, by instance."""

    values: Values = field(default_factory=dict)

    def scraped(self) -> Scraped:
        return Scraped(self, self.time.now)

    def instant(self, expression: str, at_s: float) -> MetricAnswer:
        assert expression in {"retry_attempts_total", "llm_fallbacks_total"}
        rows = [
            {"metric": {"__name__": expression, "instance": instance}, "value": (at_s, f"{value:g}")}
            for instance, value in self.values.items()
        ]
        return MetricAnswer("vector", rows)

    def range(self, expression: str, start_s: float, end_s: float, step_s: float) -> MetricAnswer:
        raise AssertionError(expression, start_s, end_s, step_s)

    def names(self, at_s: float) -> list[str]:
        raise AssertionError(at_s)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, 0),
        ({}, {"chat-0": 4}, 4),
        ({"chat-0": 3, "gateway-0": 1}, {"chat-0": 5, "gateway-0": 2}, 3),
        ({"chat-0": 50, "gateway-0": 2}, {"chat-0": 7, "gateway-0": 30}, 35),
        ({"chat-0": 50, "gateway-0": 2}, {"gateway-0": 30}, 28),
    ],
    ids=["nothing", "the first", "two replicas", "one was killed", "one was killed and is silent"],
)
def test_a_process_that_was_killed_hides_nothing_of_the_others(
    before: Values, after: Values, expected: int
) -> None:
    figures = Figures(requests=20)
    earlier = Counters.of(View(Replicas(values=before)))
    Counters.of(View(Replicas(values=after))).since(earlier, figures)
    assert (figures.fallbacks, figures.retry_amplification) == (expected, 1 + expected / 20)
