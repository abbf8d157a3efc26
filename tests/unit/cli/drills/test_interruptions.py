"""Ctrl-C and SIGTERM: raised where work goes on, held back where things are mended."""

import os
import signal

import pytest

from wattos_cli.drills.runner.interruptions import Interruptions
from wattos_cli.errors import Terminated

ARRIVES = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated, signal.SIGHUP: Terminated}


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", ARRIVES)
def test_a_signal_is_raised_where_nothing_is_shielded(number: signal.Signals) -> None:
    with Interruptions(), pytest.raises(ARRIVES[number]):
        send(number)


@pytest.mark.parametrize("number", ARRIVES)
def test_one_that_comes_in_a_shielded_block_waits_for_its_end(number: signal.Signals) -> None:
    mended = []

    def mend(shield: Interruptions) -> None:
        with shield.shielded():
            send(number)
            mended.append(1)

    with Interruptions() as shield, pytest.raises(ARRIVES[number]):
        mend(shield)
    assert mended == [1]


def test_a_second_one_waits_until_all_is_mended() -> None:
    mended = []

    def work(shield: Interruptions) -> None:
        try:
            send(signal.SIGINT)
        finally:
            send(signal.SIGINT)  # between the first and the rollback
            with shield.shielded():
                mended.append(1)

    with Interruptions() as shield, pytest.raises(KeyboardInterrupt):
        work(shield)
    assert mended == [1]


def test_a_second_one_ends_what_comes_after_the_rollback() -> None:
    with Interruptions() as shield:
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
        with shield.shielded():
            pass
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)


def test_signals_do_afterwards_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interruptions():
        pass
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interruptions():
            send(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
