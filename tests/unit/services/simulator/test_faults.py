"""Which fault strikes whom, for how long, how often."""

from random import Random

import pytest

from wattos_platform.contracts.simulator_faults import FaultRequest
from wattos_platform.services.simulator.delivery.faulted import _SCRIPTS, HARMLESS
from wattos_platform.services.simulator.domain.fault_board import FaultBoard

KINDS = set(FaultRequest.model_json_schema()["discriminator"]["mapping"])


def fault(kind, **spec):
    return FaultRequest.model_validate({"kind": kind, **spec}).root


@pytest.fixture
def board(clock):
    return FaultBoard(clock, Random(1))


def strike(board, provider="openai", path="/v1/chat/completions", model="m"):
    found = board.strike(provider, path, model)
    return found.kind if found else None


def test_every_kind_has_a_script():
    assert set(_SCRIPTS) == KINDS
    assert KINDS > HARMLESS


def test_a_fault_ends_by_itself(board, clock):
    board.add("a", fault("hang", ttl_s=5))
    assert strike(board) == "hang"
    clock.advance(4.9)
    assert board.active()[0]["left_s"] == pytest.approx(0.1)
    clock.advance(0.2)
    assert (strike(board), board.active(), board.remove("a")) == (None, [], False)


def test_the_dice_decide_in_the_long_run(board):
    board.add("a", fault("hang", probability=0.3))
    assert 250 < sum(strike(board) == "hang" for _ in range(1000)) < 350


def test_after_so_many_strikes_it_is_over_and_room_again(board):
    board.add("a", fault("hang", times=2))
    board.add("b", fault("empty"))
    assert [strike(board) for _ in range(3)] == ["hang", "hang", "empty"]
    assert [each["id"] for each in board.active()] == ["b"]


def test_refused_providers(board, clock):
    board.add("a", fault("refuse", provider="openai", ttl_s=5))
    board.add("b", fault("refuse", provider="openai", ttl_s=9))
    board.add("c", fault("hang"))
    assert (board.refused_for("openai"), board.refused_for("google")) == (9, 0)
    clock.advance(10)
    assert board.refused_for("openai") == 0


def test_faults_are_capped(board):
    for number in range(100):
        board.add(str(number), fault("hang"))
    with pytest.raises(OverflowError, match="100"):
        board.add("another", fault("hang"))
    board.clear()
    assert board.add("another", fault("hang"))["spec"]["kind"] == "hang"
