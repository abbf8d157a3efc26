"""Intervals: what they count, and that the journal keeps it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.loadtest.measuring.collector import Collector, Observed
from wattos_cli.loadtest.measuring.interval import ERRORS_LIMIT, OTHER_ERRORS, SLOWEST_KEPT, Interval, Slow
from wattos_cli.loadtest.measuring.journal import Journal, Tail
from wattos_cli.loadtest.measuring.measured import INTERVALS_KEPT, Ending, Measured
from wattos_cli.loadtest.plan import Arrivals, Crew, Plan, Stage

observations = st.builds(
    Observed,
    name=st.sampled_from(["GET /a", "POST /b"]),
    began_s=st.floats(0, 100),
    latency_ms=st.floats(0.001, 1e6),
    status=st.sampled_from([0, 200, 429, 500]),
    error=st.sampled_from(["", "", "boom"]),
    ttft_ms=st.none() | st.floats(0, 1e5),
    itl_ms=st.lists(st.floats(0, 1e4), max_size=3),
    tokens=st.integers(0, 9),
    usd=st.none() | st.floats(0, 1),
    trace_id=st.sampled_from(["", "ab" * 16]),
)


def interval(seen: list[Observed], at_s: float = 0.0) -> Interval:
    collector = Collector({"latency": 500.0}, 0.0)
    collector.current.at_s = at_s
    for one in seen:
        collector.record(one)
    return collector.take(at_s + 1.0, users=3, cpu_s=0.25)


@given(st.lists(observations, max_size=20))
def test_an_interval_survives_the_file(seen: list[Observed]) -> None:
    counted = interval(seen)
    assert Interval.load(json.loads(json.dumps(counted.dump()))) == counted


@given(st.lists(observations, max_size=20), st.lists(observations, max_size=20))
def test_two_intervals_count_as_much_as_one(one: list[Observed], two: list[Observed]) -> None:
    together = Interval(0.0, 2.0)
    together.count(interval(one))
    together.count(interval(two, at_s=1.0))
    total, expected = together.of(), interval([*one, *two]).of()
    assert (total.count, total.failures, total.good) == (expected.count, expected.failures, expected.good)
    assert total.time("latency").buckets == expected.time("latency").buckets
    assert together.cpu_s == 0.5


def test_what_is_observed_is_counted() -> None:
    collector = Collector({"latency": 100.0, "ttft": 20.0}, 50.0)
    collector.record(Observed("GET /a", 50.5, 90.0, 200, ttft_ms=10.0, itl_ms=(2.0, 3.0), tokens=9, usd=0.5))
    collector.record(Observed("GET /a", 50.5, 90.0, 200, ttft_ms=30.0, trace_id="t1"))
    collector.record(Observed("GET /a", 51.0, 10.0, 0, error="refused"))
    done = collector.take(52.0, users=1, cpu_s=0.1)
    counted = done.of("GET /a")
    assert (counted.count, counted.failures, counted.unanswered, counted.good) == (3, 1, 1, 1)
    assert counted.statuses == {"200": 2, "0": 1}
    assert (counted.time("latency").count, counted.time("ttft").most, counted.time("itl").count) == (2, 30, 2)
    assert (counted.tokens, counted.pace.most, counted.usd, counted.usd_known) == (9, 100.0, 0.5, 1)
    assert done.errors == {"GET /a: refused": 1}
    assert done.slowest[0] == Slow(90.0, 0.5, "GET /a", 200)
    assert (done.at_s, done.span_s, collector.current.at_s) == (0.0, 2.0, 2.0)


def test_errors_are_told_apart_up_to_a_limit() -> None:
    run = Interval(0.0, 1.0)
    for number in range(ERRORS_LIMIT + 10):
        run.note_error(f"error {number}")
    assert len(run.errors) == ERRORS_LIMIT + 1
    assert run.errors[OTHER_ERRORS] == 10


def test_the_slowest_are_kept() -> None:
    run = Interval(0.0, 1.0)
    for number in range(100):
        run.note_slow(Slow((number * 37) % 100, 0.0, "a", 200))
    assert [slow.latency_ms for slow in run.slowest] == list(range(99, 99 - SLOWEST_KEPT, -1))


def test_a_long_run_has_longer_intervals() -> None:
    run = Measured()
    for second in range(1000):
        run.add(interval([Observed("a", 0.0, float(second), 200)], at_s=float(second)))
    assert INTERVALS_KEPT / 2 <= len(run.intervals) <= INTERVALS_KEPT
    assert sum(one.of().count for one in run.intervals) == run.of().count == 1000
    assert run.duration_s == 1000
    for before, after in zip(run.intervals, run.intervals[1:], strict=False):
        assert after.at_s == before.at_s + before.span_s


def test_a_journal_is_read_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    tail = Tail(path)
    assert tail.poll() == []
    journal = Journal(path)
    first, second = interval([]), interval([Observed("a", 1.0, 5.0, 200)], at_s=1.0)
    journal.interval(first)
    assert (tail.poll(), tail.poll(), tail.ending) == ([first], [], None)
    journal.interval(second)
    journal.end(Ending(2.0, ("too busy",), workers=2, lost=1))
    assert (tail.poll(), tail.ending) == ([second], Ending(2.0, ("too busy",), workers=2, lost=1))


def test_who_has_come_stands_there_before_the_first_interval(tmp_path: Path) -> None:
    tail = Tail(tmp_path / "journal.jsonl")
    journal = Journal(tmp_path / "journal.jsonl")
    seen = []
    for came in (0, 2, 1):
        journal.workers(came)
        seen.append((tail.poll(), tail.workers, tail.ending))
    journal.end(Ending(1.0))
    assert seen == [([], 0, None), ([], 2, None), ([], 1, None)]


def test_half_a_line_comes_later(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.interval(interval([]))
    journal.end(Ending(1.0))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:30])
    tail = Tail(path)
    assert (len(tail.poll()), tail.ending) == (1, Ending(1.0))
    path.write_bytes(whole + whole)
    assert len(tail.poll()) == 1


def test_a_plan_survives_the_file() -> None:
    plan = Plan(
        Path("/a/locustfile.py"), {"Chat": 2}, "http://127.0.0.1:1", 5, 2.5, 60.0,
        stages=(Stage(10.0, 5.0),),
        arrivals=Arrivals(1.0, (Stage(10.0, 50.0), Stage(5.0, 50.0)), poisson=True),
        engine="fast", tokens=("t1", "t2"), objectives_ms={"latency": 100.0},
    )  # fmt: skip
    again = Plan.load(plan.dump())
    assert (again.arrivals, again.stages, list(again.tokens)) == (plan.arrivals, plan.stages, ["t1", "t2"])
    assert Plan.load(again.dump()) == again


@pytest.mark.parametrize(
    ("address", "host"), [("10.0.0.1:5557", "10.0.0.1"), ("0.0.0.0:5557", "HOST"), ("[::]:5557", "HOST")]
)
def test_a_worker_is_told_where_its_master_can_be_reached(address: str, host: str) -> None:
    joining = Crew("master", address).joining
    assert joining == f"wattos loadtest SCENARIO --worker {host}:5557"
