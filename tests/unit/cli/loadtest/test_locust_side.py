"""What stands around Locust, without Locust."""

import math
import socket

import pytest

from tests.fakes.loadtest.plans import plan
from wattos_cli.loadtest.locust_side import command_line
from wattos_cli.loadtest.locust_side.aggregator import IntervalAggregator
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.measuring.interval import NAMES_LIMIT, OTHER_NAMES, Interval
from wattos_cli.loadtest.measuring.requests import Requests
from wattos_cli.loadtest.plan import Crew
from wattos_cli.loadtest.watchdog import EXIT_S, OVERDUE_S, SILENT_S, START_S, Watchdog


def counted(at_s: float, count: int, *, users: int = 1, span_s: float = 1.0) -> Interval:
    return Interval(at_s, span_s, users=users, cpu_s=0.1, requests={"a": Requests("a", count=count)})


def told(intervals: list[Interval]) -> list[tuple[float, float, int, int]]:
    return [(one.at_s, one.span_s, one.users, one.of().count) for one in intervals]


def test_a_stretch_is_joined_when_every_worker_has_told_of_it() -> None:
    aggregator = IntervalAggregator()
    aggregator.expect("one")
    aggregator.expect("two")
    aggregator.hand_in("one", counted(0.0, 5))
    assert aggregator.take() == []
    aggregator.hand_in("two", counted(0.0, 7, span_s=1.25))
    aggregator.hand_in("one", counted(1.0, 6))
    assert told(aggregator.take()) == [(0.0, 1.25, 2, 12)]
    aggregator.hand_in("two", counted(1.25, 8, span_s=0.75))
    assert told(aggregator.take()) == [(1.25, 0.75, 2, 14)]


def test_a_worker_that_lags_is_waited_for_in_vain_only_so_long() -> None:
    aggregator = IntervalAggregator()
    aggregator.expect("one")
    aggregator.expect("two")
    for second in range(3):
        aggregator.hand_in("one", counted(float(second), 1))
    assert told(aggregator.take()) == [(0.0, 1.0, 1, 1)]
    for second in range(3):
        aggregator.hand_in("two", counted(float(second), 10))
    assert told(aggregator.take()) == [(1.0, 1.0, 2, 21), (2.0, 1.0, 2, 11)]
    assert aggregator.rest() == []


def test_a_worker_that_is_gone_is_not_waited_for_and_what_it_told_counts() -> None:
    aggregator = IntervalAggregator()
    aggregator.expect("one")
    aggregator.expect("two")
    aggregator.hand_in("two", counted(0.0, 10, users=4))
    aggregator.release("two")
    aggregator.hand_in("one", counted(0.0, 1))
    assert told(aggregator.take()) == [(0.0, 1.0, 5, 11)]
    aggregator.release("two")
    aggregator.hand_in("one", counted(1.0, 2))
    assert told(aggregator.take()) == [(1.0, 1.0, 1, 2)]


def test_the_rest_is_joined_without_waiting() -> None:
    aggregator = IntervalAggregator()
    aggregator.expect("one")
    aggregator.expect("two")
    aggregator.hand_in("one", counted(0.0, 1))
    aggregator.hand_in("one", counted(1.0, 2, span_s=0.5))
    assert told(aggregator.rest()) == [(0.0, 1.0, 1, 1), (1.0, 0.5, 1, 2)]


@pytest.mark.parametrize(
    "given", [None, -1.0, math.nan, math.inf, "12 ms"], ids=["none", "negative", "nan", "inf", "text"]
)
def test_a_request_without_a_time_counts_and_has_none(given: object) -> None:
    recorder = Recorder({"latency": 100.0}, monotonic=lambda: 5.0, cpu=lambda: 1.0)
    recorder.record("RPC", "call", given, response_length=0)
    taken = recorder.take(1).of("RPC call")
    assert (taken.count, taken.failures, taken.good, taken.time("latency").count) == (1, 0, 1, 0)


def test_locusts_statistics_are_told_of_every_request_with_the_interval() -> None:
    told: list[tuple[object, ...]] = []
    recorder = Recorder({}, lambda *seen: told.append(seen), monotonic=lambda: 5.0, cpu=lambda: 1.0)
    error = ValueError("gone")
    recorder.record("GET", "/a", 12.0, response_length=7)
    recorder.record("GET", "/b", None, exception=error)
    assert recorder.take(1).of().count == 2
    assert told == [("GET", "/a", 12.0, 7, None), ("GET", "/b", None, 0, error)]


def test_names_are_limited_over_the_whole_run() -> None:
    recorder = Recorder({}, monotonic=lambda: 5.0, cpu=lambda: 1.0)
    for second in range(2):
        for number in range(10_000):
            recorder.record("GET", f"/{second}/{number}", 1.0, exception=ValueError("gone"))
        taken = recorder.take(1)
        assert (len(taken.requests) <= NAMES_LIMIT + 1, taken.of().count) == (True, 10_000)
        assert taken.of(OTHER_NAMES).count == 10_000 - (NAMES_LIMIT if second == 0 else 0)
        assert len(taken.errors) <= NAMES_LIMIT + 1
    recorder.record("GET", "/0/0", 1.0)
    recorder.record("GET", "x" * 10_000, 1.0)
    assert set(recorder.take(1).requests) == {"GET /0/0", OTHER_NAMES}


def test_a_long_name_is_cut() -> None:
    recorder = Recorder({}, monotonic=lambda: 5.0, cpu=lambda: 1.0)
    recorder.record("GET", "x" * 10_000, 1.0)
    recorder.record("GET", "x" * 10_000, 2.0)
    (name,) = recorder.take(1).requests
    assert len(name) == 200


def test_joined_intervals_have_limited_names_too() -> None:
    whole = Interval(0.0, 2.0)
    for half in range(2):
        names = [f"{half}/{number}" for number in range(NAMES_LIMIT)]
        whole.count(Interval(0.0, 1.0, requests={name: Requests(name, count=1) for name in names}))
    assert (len(whole.requests), whole.of(OTHER_NAMES).count) == (NAMES_LIMIT + 1, NAMES_LIMIT)


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert command_line.free_port(port) not in (0, port)
    assert command_line.free_port(port) == port


def test_a_generator_that_is_silent_or_does_not_end_hangs() -> None:
    now = [0.0]
    watchdog = Watchdog(plan(duration_s=100.0, crew=Crew(wait_s=10.0)), lambda: now[0])

    def look(at_s: float, *, heard: bool = False, ended: bool = False) -> str | None:
        now[0] = at_s
        return watchdog.look(heard=heard, ended=ended)

    assert look(10.0 + START_S) is None
    assert look(100.0, heard=True) is None
    assert look(100.0 + SILENT_S) is None
    assert "nothing was heard" in str(look(101.0 + SILENT_S))
    assert look(200.0 + OVERDUE_S, heard=True) is None
    assert "did not end" in str(look(201.0 + OVERDUE_S, heard=True))
    assert look(202.0, heard=True, ended=True) is None
    assert look(203.0 + EXIT_S, ended=True) == ""


def test_a_worker_may_wait_for_its_master_and_an_endless_run_has_no_end() -> None:
    now = [0.0]
    worker = Watchdog(plan(crew=Crew("worker", "127.0.0.1:1")), lambda: now[0])
    endless = Watchdog(plan(duration_s=math.inf), lambda: now[0])
    for at_s in range(0, 100_000, 50):
        now[0] = float(at_s)
        assert worker.look(heard=False, ended=False) is None
        assert endless.look(heard=True, ended=False) is None


@pytest.mark.parametrize(
    ("changes", "present", "absent"),
    [
        ({}, ["--headless"], ["--processes", "--master", "--worker", "--web-port"]),
        ({"ui_port": 8089}, ["--autostart", "--web-host", "127.0.0.1", "8089"], ["--headless"]),
        ({"processes": 3}, ["--processes", "3", "--master-bind-host", "127.0.0.1"], ["--master"]),
        (
            {"crew": Crew("master", "10.0.0.1:5557", workers=4, wait_s=30.0)},
            ["--master", "--master-bind-host", "10.0.0.1", "5557", "--expect-workers", "4", "30"],
            ["--worker", "--processes"],
        ),
        (
            {"crew": Crew("worker", "[::1]:5557"), "processes": 2},
            ["--worker", "--master-host", "[::1]", "5557", "--processes", "2"],
            ["--master", "--expect-workers"],
        ),
    ],
    ids=["alone", "page", "processes", "master", "worker"],
)
def test_the_command_line_of_locust(
    changes: dict[str, object], present: list[str], absent: list[str]
) -> None:
    words = command_line.arguments(plan(**changes))
    assert [word for word in present if word not in words] == []
    assert [word for word in absent if word in words] == []
