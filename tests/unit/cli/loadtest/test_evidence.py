"""What is read from an answer: trace, cost, failure, the times of its tokens."""

import pytest

from wattos_cli.loadtest.driving.evidence import call_error, failure, trace_id, usd
from wattos_cli.loadtest.driving.steps import broken_off
from wattos_cli.loadtest.driving.streaming import Tokens
from wattos_cli.loadtest.journey import Answer, CallError


@pytest.mark.parametrize(
    ("header", "expected"),
    [("00-0af7-b7ad-01", "0af7"), ("", ""), ("nonsense", "")],
)
def test_the_trace_is_the_second_part_of_traceparent(header: str, expected: str) -> None:
    assert trace_id({"traceparent": header}) == expected
    assert trace_id({}) == ""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"wattos_cost_usd": "0.00125"}', 0.00125),
        (b'{"wattos_cost_usd":1e-07,"x":1}', 1e-7),
        (b'{"wattos_cost_usd": null}', None),
        (b"{}", None),
    ],
)
def test_cost_as_the_answer_states_it(body: bytes, expected: float | None) -> None:
    assert usd(body) == expected


def no_results(answer: Answer) -> str:
    return "" if answer.json()["results"] else "nothing found"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(200, {}, b'{"results": [1]}'), ""),
        (Answer(200, {}, b'{"results": []}'), "nothing found"),
        (Answer(200, {}, b"{}"), "an answer that cannot be read: KeyError: 'results'"),
        (Answer(200, {}, b"[]"), "an answer that cannot be read: TypeError"),
        (Answer(200, {}, b"<html>"), "an answer that cannot be read: DecodeError"),
        (Answer(503, {}, b"{}"), "HTTP 503"),
    ],
)
def test_failures(answer: Answer, expected: str) -> None:
    assert failure(answer, no_results).startswith(expected)
    assert bool(failure(answer, no_results)) is bool(expected)


def counted(error: Exception) -> tuple[int, str]:
    """Return status and text of a step that raised; nobody measured how long it took."""
    seen = broken_off("TASK Visitor.look", error)
    assert (seen.name, seen.latency_ms) == ("TASK Visitor.look", None)
    return seen.status, seen.error


def test_a_step_that_raised_is_told_with_what_came() -> None:
    error = call_error("GET", "/x", Answer(409, {}, b"taken"), "")
    assert counted(error) == (409, "GET /x: HTTP 409 taken")
    assert counted(call_error("GET", "/x", Answer(0, {}, b""), "refused")) == (0, "GET /x: refused")
    limited = Answer(429, {}, b'{"error": {"message": "slow down", "at": 1}}')
    error = call_error("GET", "/x/01a21bba-e815-701e-8c76/y", limited, "")
    assert str(error) == "GET /x/[id]/y: HTTP 429 slow down"
    assert counted(CallError("late", 200)) == (200, "late")
    assert counted(KeyError("id")) == (0, "KeyError: 'id'")


def test_tokens_are_timed_by_the_lines_that_brought_them() -> None:
    tokens = Tokens(began_s=10.0)
    for count, at_s in ((1, 10.25), (2, 10.5), (1, 11.5)):
        tokens.came(count, at_s)
    assert (tokens.count, tokens.ttft_ms, tokens.itl_ms) == (4, 250.0, [250.0, 1000.0])
