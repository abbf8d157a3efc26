"""Many asked at once: what came in time, in the order of those who were asked."""

import threading

from tests.fakes.kernel.clock import FakeClock
from wattos_cli.clients.fan_out import ask_all


def test_answers_stand_in_the_order_of_those_asked() -> None:
    first_may = threading.Event()

    def ask(target: str) -> str:
        if target == "first":
            first_may.wait()
        else:
            first_may.set()
        return target.upper()

    assert ask_all(["first", "second"], ask, 60) == ["FIRST", "SECOND"]


def test_an_answer_gives_the_next_one_no_time_of_its_own() -> None:
    clock, over = FakeClock(), threading.Event()

    def ask(target: str) -> str | None:
        if target == "hangs":
            over.wait()
            return None
        clock.advance(3600)
        return target

    try:
        assert ask_all(["answers", "hangs"], ask, 3000, monotonic=clock) == ["answers", None]
    finally:
        over.set()
