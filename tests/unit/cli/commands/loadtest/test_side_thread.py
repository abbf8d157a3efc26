"""Work beside the load goes on after what breaks it off, and says what that was."""

import threading

import pytest

from wattos_cli.commands.loadtest.target.side_thread import Over, restarting, side_thread


def test_what_breaks_off_is_told_and_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    runs, waited = [KeyError("usd"), ValueError("no")], list[float]()

    def work(over: Over) -> None:
        if runs:
            raise runs.pop(0)
        over(2.0)

    def over(seconds: float) -> bool:
        waited.append(seconds)
        return False

    restarting(work, "wallet", over)
    assert waited == [1.0, 1.0, 2.0]
    assert capsys.readouterr().err.splitlines() == [
        "wallet broke off: KeyError('usd')",
        "wallet broke off: ValueError('no')",
    ]


def test_what_breaks_off_when_all_is_over_does_not_begin_anew(capsys: pytest.CaptureFixture[str]) -> None:
    def work(over: Over) -> None:
        raise ValueError("no")

    restarting(work, "wallet", lambda _seconds: True)
    assert capsys.readouterr().err == "wallet broke off: ValueError('no')\n"


def test_a_normal_end_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(over: Over) -> None:
        begun.set()
        while not over(60.0):
            pass
        ended.set()

    with side_thread(work, "wallet", 60.0):
        assert begun.wait(60.0)
    assert ended.is_set()
    assert capsys.readouterr().err == ""
