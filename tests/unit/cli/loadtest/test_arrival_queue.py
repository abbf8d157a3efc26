"""The open model among users of Locust, in a time that passes only when somebody sleeps."""

from collections.abc import Iterator
from random import Random

import gevent
import pytest
from gevent.event import Event

from wattos_cli.loadtest.locust_side.arrival_queue import ArrivalQueue
from wattos_cli.loadtest.locust_side.recorder import Recorder
from wattos_cli.loadtest.measuring.interval import Interval
from wattos_cli.loadtest.planning.arrivals import LATE_S


class Time:
    """Passes when the arrival_queue's clock sleeps, by what that wants and `late_s` more."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.late_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        for _ in range(3):  # whoever can go on does so first
            gevent.sleep(0)
        self.now_s += seconds + self.late_s


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def arrival_queue(time: Time) -> Iterator[ArrivalQueue]:
    arrival_queue = ArrivalQueue(time, time.sleep)
    yield arrival_queue
    arrival_queue.close()


def settled(arrival_queue: ArrivalQueue) -> Interval:
    interval = Interval(0.0, 1.0)
    arrival_queue.settle(interval)
    return interval


def opened(arrival_queue: ArrivalQueue, due_s: list[float]) -> None:
    arrival_queue.open(iter(due_s), {"user": 1}, Random(1))


def run(user: gevent.Greenlet) -> None:
    user.join(timeout=10)
    assert user.ready()


def test_a_free_user_begins_when_an_arrival_is_due(time: Time, arrival_queue: ArrivalQueue) -> None:
    began: list[tuple[float, float]] = []

    def user() -> None:
        for _ in range(3):
            arrival_queue.enter("user")
            began.append((time.now_s, arrival_queue.owed_ms()))

    one = gevent.spawn(user)
    gevent.sleep(0)
    assert arrival_queue.free == 1
    opened(arrival_queue, [0.5, 1.0, 2.5])
    run(one)
    assert began == [(100.5, 0.0), (101.0, 0.0), (102.5, 0.0)]
    done = settled(arrival_queue)
    assert (done.due, done.dropped, done.lateness.count, done.lateness.most) == (3, 0, 3, 0.0)
    assert settled(arrival_queue).due == 0


def test_users_come_through_in_the_order_in_which_they_came(arrival_queue: ArrivalQueue) -> None:
    order: list[str] = []

    def user(name: str) -> None:
        arrival_queue.enter("user")
        order.append(name)

    users = [gevent.spawn(user, name) for name in "abc"]
    gevent.sleep(0)
    opened(arrival_queue, [1.0, 2.0, 3.0])
    gevent.joinall(users, timeout=10)
    assert order == ["a", "b", "c"]


def test_an_arrival_that_had_to_wait_owes_the_wait_and_is_no_lateness(
    time: Time, arrival_queue: ArrivalQueue
) -> None:
    owed: list[float] = []

    work = Event()

    def busy() -> None:
        for _ in range(3):
            arrival_queue.enter("user")
            owed.append(arrival_queue.owed_ms())
            work.wait(timeout=10)

    one = gevent.spawn(busy)
    gevent.sleep(0)
    opened(arrival_queue, [0.0, 0.5, 1.5])
    while time.now_s < 101.5:
        gevent.sleep(0)
    time.now_s = 102.0
    work.set()
    run(one)
    assert owed == [0.0, 1500.0, 500.0]
    done = settled(arrival_queue)
    assert (done.due, done.dropped, done.lateness.count) == (3, 0, 1)


def test_the_generator_is_late_when_a_user_was_free(time: Time, arrival_queue: ArrivalQueue) -> None:
    time.late_s = 0.03
    owed: list[float] = []

    def user() -> None:
        arrival_queue.enter("user")
        owed.append(arrival_queue.owed_ms())

    one = gevent.spawn(user)
    gevent.sleep(0)
    opened(arrival_queue, [1.0])
    run(one)
    assert owed == [pytest.approx(30.0)]
    assert settled(arrival_queue).lateness.most == pytest.approx(30.0)


def test_what_nobody_begins_in_time_is_dropped(time: Time, arrival_queue: ArrivalQueue) -> None:
    opened(arrival_queue, [0.0, 1.0, LATE_S + 0.5])
    gevent.sleep(0.01)
    assert time.now_s == 100.5 + LATE_S
    done = settled(arrival_queue)
    assert (done.due, done.dropped) == (3, 1)
    time.now_s += 1.0
    owed: list[float] = []

    def user() -> None:
        arrival_queue.enter("user")
        owed.append(arrival_queue.owed_ms())

    run(gevent.spawn(user))
    assert owed == [1000.0]
    assert settled(arrival_queue).dropped == 1


def test_an_arrival_of_a_user_that_is_stopped_is_the_next_ones(arrival_queue: ArrivalQueue) -> None:
    stopped = gevent.spawn(arrival_queue.enter, "user")
    gevent.sleep(0)
    stopped.kill()
    assert arrival_queue.free == 0
    came: list[str] = []

    def user() -> None:
        arrival_queue.enter("user")
        came.append("came")

    given = gevent.spawn(arrival_queue.enter, "user")
    gevent.sleep(0)
    opened(arrival_queue, [0.0])
    given.kill()
    run(gevent.spawn(user))
    assert came == ["came"]
    assert settled(arrival_queue).due == 1


def test_an_arrival_waits_for_a_user_of_its_kind(time: Time, arrival_queue: ArrivalQueue) -> None:
    came: list[str] = []

    def user(kind: str) -> None:
        arrival_queue.enter(kind)
        came.append(kind)

    quick = [gevent.spawn(user, "quick") for _ in range(20)]
    gevent.sleep(0)
    arrival_queue.open(iter([0.1 * number for number in range(20)]), {"quick": 3, "slow": 1}, Random(1))
    while time.now_s < 101.9:
        gevent.sleep(0)
    gevent.sleep(0.01)
    assert arrival_queue.waiting == 20 - len(came)
    assert 10 <= len(came) < 20
    gevent.killall(quick)
    run(gevent.spawn(user, "slow"))
    assert came[-1] == "slow"


def test_closed_it_lets_nobody_through(arrival_queue: ArrivalQueue) -> None:
    opened(arrival_queue, [0.0, 1000.0])
    arrival_queue.close()
    assert settled(arrival_queue).due <= 1


def test_only_the_first_request_of_an_iteration_bears_the_wait(
    time: Time, arrival_queue: ArrivalQueue
) -> None:
    recorder = Recorder({}, monotonic=time, cpu=lambda: 0.0)
    recorder.arrival_queue = arrival_queue

    def user() -> None:
        arrival_queue.enter("user")
        recorder.record("GET", "/first", 10.0, context={"ttft_ms": 5.0, "itl_ms": [1.0]})
        recorder.record("GET", "/second", 10.0)

    opened(arrival_queue, [0.0])
    gevent.sleep(0)
    time.now_s += 2.0
    run(gevent.spawn(user))
    taken = recorder.take(1)
    assert [taken.of(f"GET /{name}").time("latency").most for name in ("first", "second")] == [2010.0, 10.0]
    assert (taken.of().time("ttft").most, taken.of().time("itl").most) == (2005.0, 1.0)
    assert taken.due == 1


def test_what_was_counted_before_the_arrivals_began_stays_counted(time: Time) -> None:
    recorder = Recorder({}, monotonic=time, cpu=lambda: time.now_s)
    recorder.record("SETUP", "Chat", 0.0, exception=ValueError("refused"))
    time.now_s += 30.0
    recorder.restart()
    time.now_s += 1.0
    taken = recorder.take(0)
    assert (taken.at_s, taken.span_s, taken.cpu_s) == (0.0, 1.0, 1.0)
    assert (taken.of().failures, recorder.passed_s) == (1, 1.0)
