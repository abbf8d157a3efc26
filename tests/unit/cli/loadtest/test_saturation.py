"""When the generator itself was too slow, and when that cannot be said."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from wattos_cli.loadtest.judging.saturation import cpu_share, reasons
from wattos_cli.loadtest.measuring.histogram import Histogram
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.measuring.measured import Ending, Measured
from wattos_cli.loadtest.measuring.processor import wanted_s
from wattos_cli.loadtest.measuring.requests import Requests


def second(at_s: int, count: int, cpu_s: float) -> Interval:
    return Interval(at_s, 1.0, cpu_s=cpu_s, requests={"GET /": Requests("GET /", count=count)})


def lasting(at_s: int, span_s: float) -> Interval:
    return Interval(at_s, span_s, cpu_s=0.1, requests={"GET /": Requests("GET /", count=9)})


BEFORE = [second(at_s, 9, 0.1) for at_s in range(10)]


def run(*intervals: Interval, lateness_ms: float = 0.0, latency_ms: float = 1.0) -> Measured:
    measured = Measured()
    for interval in intervals:
        measured.add(interval)
    measured.total.lateness = spread(lateness_ms)
    measured.total.requests["GET /"].times["latency"] = spread(latency_ms)
    return measured


def spread(value: float) -> Histogram:
    histogram = Histogram()
    for _ in range(100):
        histogram.add(value)
    return histogram


def test_only_seconds_under_load_count() -> None:
    starting, loaded, ending = second(0, 10, 0.2), second(1, 1000, 0.95), second(2, 0, 0.01)
    assert cpu_share([starting, loaded, loaded, ending]) == pytest.approx(0.95)


def test_a_last_moment_is_no_second_under_load() -> None:
    moment = Interval(10.0, 0.02, cpu_s=0.02, requests={"GET /": Requests("GET /", count=3)})
    assert cpu_share([*(second(at, 10, 0.05) for at in range(10)), moment]) == pytest.approx(0.05)


def test_a_moment_is_too_short_to_be_busy_in() -> None:
    assert cpu_share([Interval(0.0, 0.006, cpu_s=0.006, requests={"GET /": Requests("GET /", count=1)})]) == 0


def test_processes_have_a_processor_each() -> None:
    assert cpu_share([second(0, 10, 1.9)], processes=2) == pytest.approx(0.95)


def test_nothing_is_not_busy() -> None:
    assert cpu_share([]) == 0.0
    assert cpu_share([second(0, 0, 1.0)]) == 0.0
    assert reasons(Measured()) == ()


def test_what_a_process_wants_is_what_it_ran_and_what_it_waited_for(tmp_path: Path) -> None:
    (tmp_path / "schedstat").write_text("440167 4000000000 2\n")
    before_s = time.process_time()
    assert before_s + 4 <= wanted_s(tmp_path / "schedstat") <= time.process_time() + 4
    assert before_s <= wanted_s(tmp_path / "missing") <= time.process_time()


@pytest.mark.parametrize(
    ("late", "punctual", "told"),
    [(10, 0, False), (11, 0, True), (10, 50, False), (12, 50, True), (12, 1000, True), (12, 2000, False)],
)
def test_few_late_arrivals_are_a_hiccup(late: int, punctual: int, *, told: bool) -> None:
    measured = run(second(0, 9, 0.1))
    measured.total.lateness = Histogram()
    for lateness_ms in [50.0] * late + [0.1] * punctual:
        measured.total.lateness.add(lateness_ms)
    assert bool(reasons(measured)) is told


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (run(second(0, 9, 0.89)), ()),
        (run(second(0, 9, 0.9)), ("it was busy, or waited for a processor, for 90% of the time",)),
        (run(second(0, 9, 0.1), lateness_ms=9.9), ()),
        (
            run(second(0, 9, 0.1), lateness_ms=12.0),
            ("it began iterations late though users were free (12 ms and more)",),
        ),
        (run(second(0, 9, 0.1), lateness_ms=12.0, latency_ms=200.0), ()),
        (run(*BEFORE, lasting(10, 2.4)), ()),
        (run(*BEFORE, lasting(10, 2.6)), ("it stood still for 2 s: does its code block?",)),
        (run(*BEFORE, *BEFORE, *BEFORE, lasting(30, 2.6)), ()),
        (replace(run(*BEFORE, lasting(10, 2.6)), ending=Ending(12.6, workers=2)), ()),
    ],
    ids=[
        *("idle", "busy", "punctual", "late", "late, but the target is much slower"),
        *("a late count", "a standstill", "a standstill of a long run", "what workers tell is joined"),
    ],
)
def test_reasons(measured: Measured, expected: tuple[str, ...]) -> None:
    assert reasons(measured) == expected
