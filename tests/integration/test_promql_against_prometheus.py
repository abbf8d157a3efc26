"""Our engine and a real Prometheus, fed the same samples, give equal answers to more than 400 expressions.

They are every query of boards, rules, alerts and `wattos metrics`, and a table of all that PromQL can do.
The Prometheus of the distribution is 2.42; ours follows 3. Where that makes a difference is a list of its
own, and each of its expressions must really differ. Samples lie off the boundary of every range.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.metrics.answers import differences
from tests.fakes.metrics.history import BEGIN_S, SAMPLES, STEP_S, TIMES_MS, history, openmetrics
from tests.fakes.metrics.promql_table import DIFFERENT, EXPRESSIONS, REFUSED_BY_OURS, REFUSED_BY_THEIRS
from tests.fakes.programs.prometheus import serving
from wattos_cli.alerting.rules import alert_rules, recording_rules
from wattos_cli.alerting.slo import bundled_slos
from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.clients.prometheus import Prometheus
from wattos_cli.dashboards.queries import queries
from wattos_cli.deps import BadQueryError, FailedQueryError, Metrics
from wattos_cli.metricstore.prefetched import PrefetchedSource
from wattos_cli.metricstore.questions import QUESTIONS
from wattos_cli.metricstore.series import NAME, Labels, Series, Source
from wattos_cli.metricstore.store.reader import Reader
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer
from wattos_cli.metricstore.stored import StoredMetrics

# Odd seconds: no step of a subquery falls on them.
INSTANTS = (
    BEGIN_S + 37,
    BEGIN_S + 1800 + 37,
    BEGIN_S + SAMPLES * STEP_S - 83,
    BEGIN_S + SAMPLES * STEP_S + 237,
)
RANGE = (BEGIN_S + 1200 + 37, BEGIN_S + 4200 + 37, 150)
KEEP = Keep(10 * 86_400_000, 500_000_000)

RECORDED = [rule for group in recording_rules(bundled_slos())["groups"] for rule in group["rules"]]
ALERTS = [rule for group in alert_rules(bundled_slos())["groups"] for rule in group["rules"]]
ASKED = tuple(
    dict.fromkeys(
        [
            *EXPRESSIONS,
            *(question.over(600) for question in QUESTIONS),
            *(asked.expr for asked in queries()),
            *(rule["expr"] for rule in (*RECORDED, *ALERTS)),
        ]
    )
)


class Both(NamedTuple):
    ours: Metrics
    theirs: Metrics


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("promql")
    made_up = history()
    series = made_up + recorded(StoredMetrics(stored(folder / "made-up", made_up)))
    with serving(folder, openmetrics(series)) as port:
        theirs = Prometheus(PlainHttp(), f"http://127.0.0.1:{port}")
        yield Both(StoredMetrics(stored(folder / "store", series)), theirs)


def recorded(metrics: Metrics) -> list[Series]:
    """Return what the recording rules make of the history, as further series for both."""
    found = []
    for rule in RECORDED:
        answer = metrics.range(rule["expr"], TIMES_MS[0] / 1000, TIMES_MS[-1] / 1000, STEP_S)
        for row in answer.result:
            labels = {**row["metric"], **rule["labels"], NAME: rule["record"], "instance": "rules"}
            values = {round(time * 1000): float(value) for time, value in row["values"]}
            times = [time for time in TIMES_MS if min(values) <= time <= TIMES_MS[-1]]
            # A series that pauses would end in the one and not in the other.
            known = [values[max(each for each in values if each <= time)] for time in times]
            found.append(Series(tuple(sorted(labels.items())), times, known))
    return found


def stored(folder: Path, series: list[Series]) -> Source:
    """Return what our store makes of the same samples."""
    writer = Writer(folder, KEEP, now_ms=0, interval_ms=STEP_S * 1000)
    rows: dict[tuple[int, str], list[tuple[Labels, float]]] = {}
    for each in series:
        target = dict(each.labels)["instance"]
        for time_ms, value in zip(each.times_ms, each.values, strict=True):
            rows.setdefault((time_ms, target), []).append((each.labels, value))
    for (time_ms, target), samples in sorted(rows.items()):
        assert writer.append(target, time_ms, samples)
    names = {dict(each.labels)[NAME] for each in series}
    return PrefetchedSource(Reader(folder), names, 0, TIMES_MS[-1])


@pytest.mark.parametrize("expression", ASKED)
def test_both_answer_alike(both: Both, expression: str) -> None:
    for at_s in INSTANTS:
        ours, theirs = (each.instant(expression, at_s) for each in both)
        assert ours.kind == theirs.kind
        assert differences(ours, theirs) == [], at_s
    if ours.kind in {"vector", "scalar"}:
        ours, theirs = (each.range(expression, *RANGE) for each in both)
        assert differences(ours, theirs) == []


def test_they_are_400_and_nearly_all_have_an_answer(both: Both) -> None:
    assert len(ASKED) >= 400
    silent = {rule["expr"] for rule in ALERTS}
    empty = [
        each
        for each in ASKED
        if each not in silent and not any(both.ours.instant(each, at_s).result for at_s in INSTANTS)
    ]
    assert len(empty) <= len(ASKED) // 20, empty


@pytest.mark.parametrize("expression", ["sum(rate(http_requests_total[5m])", "1 +\n) 2", "sum(up[5m])"])
def test_a_broken_expression_is_refused_by_both_with_its_place(both: Both, expression: str) -> None:
    for metrics in both:
        with pytest.raises(BadQueryError) as caught:
            metrics.instant(expression, INSTANTS[1])
        assert caught.value.position is not None


def test_series_that_do_not_match_one_to_one_are_refused_by_both(both: Both) -> None:
    for metrics in both:
        with pytest.raises(FailedQueryError):
            metrics.instant("http_requests_total / on (job) http_requests_total", INSTANTS[1])


@pytest.mark.parametrize("expression", DIFFERENT)
def test_known_differences_are_differences(both: Both, expression: str) -> None:
    ours, theirs = (each.instant(expression, INSTANTS[1]) for each in both)
    assert differences(ours, theirs) != []


@pytest.mark.parametrize("expression", REFUSED_BY_THEIRS)
def test_what_242_does_not_know_is_answered_here(both: Both, expression: str) -> None:
    with pytest.raises(BadQueryError):
        both.theirs.instant(expression, INSTANTS[1])
    assert both.ours.instant(expression, INSTANTS[1]).result


@pytest.mark.parametrize("expression", REFUSED_BY_OURS)
def test_what_3_knows_no_more_is_refused_here(both: Both, expression: str) -> None:
    with pytest.raises(BadQueryError):
        both.ours.instant(expression, INSTANTS[1])
    assert both.theirs.instant(expression, INSTANTS[1]).result
