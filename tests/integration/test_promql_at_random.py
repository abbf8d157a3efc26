"""Our engine and a real Prometheus answer expressions at random alike, or refuse them both."""

from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import NamedTuple

import pytest

from tests.fakes.metrics.answers import differences
from tests.fakes.metrics.history import openmetrics
from tests.fakes.metrics.promql_random import EVALUATED_S, Expressions, history
from tests.fakes.metrics.series import SeriesInMemory
from tests.fakes.programs.prometheus import serving
from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.clients.prometheus import Prometheus
from wattos_cli.deps import BadQueryError, FailedQueryError, MetricAnswer, Metrics
from wattos_cli.metricstore.stored import StoredMetrics

EXPRESSIONS = 500


class Both(NamedTuple):
    ours: Metrics
    theirs: Metrics


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("random")
    series = list(history())
    source = SeriesInMemory({each.labels: zip(each.times_ms, each.values, strict=True) for each in series})
    with serving(folder, openmetrics(series)) as port:
        yield Both(StoredMetrics(source), Prometheus(PlainHttp(), f"http://127.0.0.1:{port}"))


@pytest.mark.parametrize("seed", range(4))
def test_both_answer_alike_or_refuse(both: Both, seed: int) -> None:
    rng = Random(seed)
    expressions = Expressions(rng)
    answered = 0
    for number in range(EXPRESSIONS):
        expression = expressions.vector(rng.randint(1, 3))
        at_s = EVALUATED_S + 60 * rng.randrange(30)
        ours, theirs = (asked(each, expression, at_s, is_range=number % 2 == 1) for each in both)
        assert (ours is None) == (theirs is None), expression
        if ours is not None and theirs is not None:
            assert differences(ours, theirs) == [], (expression, at_s, number % 2)
            answered += bool(ours.result)
    assert answered >= EXPRESSIONS * 0.6


def asked(metrics: Metrics, expression: str, at_s: int, *, is_range: bool) -> MetricAnswer | None:
    """Return the answer, None if the expression is refused."""
    with suppress(BadQueryError, FailedQueryError):
        if is_range:
            return metrics.range(expression, at_s, at_s + 600, 60)
        return metrics.instant(expression, at_s)
    return None
