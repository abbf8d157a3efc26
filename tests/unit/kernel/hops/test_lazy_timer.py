"""A lazy timer rings when it was last set to, with one timer for many settings."""

from collections.abc import Callable
from typing import Any, cast

from wattos_platform.kernel.hops.lazy_timer import LazyTimer


class Timer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """A clock that stands still until it is told to go on, and the timers that were made with it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []
        self.rung: list[float] = []
        self.timer = LazyTimer(self.ring, cast("Any", self.call_later), lambda: self.now)

    def ring(self) -> None:
        self.rung.append(self.now)

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.now + delay, callback))
        return self.timers[-1]

    def until(self, now: float) -> None:
        while due := [timer for timer in self.timers if not timer.cancelled and timer.at <= now]:
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = timer.at
            timer.callback()
        self.now = now


def test_it_rings_when_it_was_set_to_and_once() -> None:
    loop = Loop()
    loop.timer.set(30)
    loop.until(500)
    assert loop.rung == [130]


def test_off_is_off() -> None:
    loop = Loop()
    loop.timer.set(30)
    loop.timer.off()
    loop.until(500)
    assert loop.rung == []


def test_many_settings_need_one_timer() -> None:
    loop = Loop()
    for number in range(1000):
        loop.until(100 + number * 0.01)
        loop.timer.set(30)
        loop.timer.off()
    assert len(loop.timers) == 1


def test_the_last_setting_counts() -> None:
    loop = Loop()
    loop.timer.set(30)
    loop.until(110)
    loop.timer.set(30)
    loop.until(139)
    assert loop.rung == []
    loop.until(500)
    assert loop.rung == [140]


def test_a_shorter_setting_comes_sooner() -> None:
    loop = Loop()
    loop.timer.set(60)
    loop.timer.off()
    loop.timer.set(0.5)
    loop.until(500)
    assert loop.rung == [100.5]


def test_no_time_left_rings_at_once() -> None:
    loop = Loop()
    loop.timer.set(-1)
    loop.until(100)
    assert loop.rung == [100]


def test_it_may_be_set_again_after_it_rang() -> None:
    loop = Loop()
    loop.timer.set(1)
    loop.until(101)
    loop.timer.set(1)
    loop.until(500)
    assert loop.rung == [101, 102]


def test_cancelled_it_keeps_no_timer() -> None:
    loop = Loop()
    loop.timer.set(30)
    loop.timer.cancel()
    loop.until(500)
    assert (loop.rung, [timer for timer in loop.timers if not timer.cancelled]) == ([], [])
