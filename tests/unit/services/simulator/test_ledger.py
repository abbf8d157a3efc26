"""The ledger: bills that are true, and bounds that hold."""

import pytest

from tests.fakes.kernel.clock import FakeClock
from wattos_platform.services.simulator.domain.answer import Tokens
from wattos_platform.services.simulator.domain.ledger import MOST_RECENT, Call, Ledger


@pytest.fixture
def ledger():
    return Ledger(FakeClock())


@pytest.mark.parametrize(
    ("sent", "output", "reasoning"),
    [(None, 0, 0), (0, 5, 5), (2, 7, 5), (10, 15, 5)],
    ids=["nothing", "headers", "some", "all"],
)
def test_hidden_reasoning_is_spent_once_the_answer_begins(sent, output, reasoning):
    call = Call(1, 0.0, "openai", "/", tokens=Tokens(prompt=9, cached=3, answer=10, reasoning=5, hidden=5))
    if sent is not None:
        call.sent(sent)
    given = call.given()
    assert (given["output_tokens"], given["reasoning_tokens"]) == (output, reasoning)
    assert given["input_tokens"] == (0 if sent is None else 9)


def test_shown_reasoning_is_spent_as_it_is_shown():
    call = Call(1, 0.0, "anthropic", "/", tokens=Tokens(answer=10, reasoning=5))
    call.sent(3)
    assert (call.given()["output_tokens"], call.given()["reasoning_tokens"]) == (3, 3)
    call.sent(6)
    assert (call.given()["output_tokens"], call.given()["reasoning_tokens"]) == (9, 5)


def test_the_first_and_the_last_token_have_their_times(ledger):
    call = ledger.arrived("openai", "/")
    for tokens, after_s in ((0, 0.1), (1, 0.25), (2, 0.5), (0, 0.75)):
        call.sent(tokens, after_s)
    (told,) = ledger.report(1)["recent"]
    assert (told["first_token_ms"], told["last_token_ms"]) == (250.0, 500.0)


def test_names_are_capped(ledger):
    for number in range(1000):
        call = ledger.arrived(f"p{number}", f"/path/{number}")
        ledger.met(call, f"model-{number}", None, stream=False)
        ledger.ended(call, "completed", 0.0)
    report = ledger.report(0)
    for group in ("providers", "paths", "models"):
        assert len(report[group]) <= 201
    assert sum(tally["total"] for tally in report["providers"].values()) == report["total"] == 1000


def test_the_list_of_requests_is_capped(ledger):
    for _ in range(MOST_RECENT + 5):
        ledger.arrived("openai", "/" + "x" * 1000)
    recent = ledger.report(MOST_RECENT)["recent"]
    assert (len(recent), recent[0]["number"], len(recent[0]["path"])) == (MOST_RECENT, 6, 200)
    assert recent[0]["time"] == "1970-01-01T00:16:40.000000Z"


def test_what_came_before_the_clearing_is_counted_nowhere(ledger):
    old = ledger.arrived("openai", "/")
    ledger.clear()
    new = ledger.arrived("openai", "/")
    ledger.met(old, "m", "hang", stream=True)
    ledger.ended(old, "abandoned", 1.0)
    report = ledger.report(10)
    assert (report["total"], report["in_flight"], report["abandoned"], report["faults"]) == (1, 1, 0, {})
    ledger.ended(new, "completed", 1.0)
    assert ledger.report(0)["in_flight"] == 0
