"""What the model gets to see of a conversation, and what is searched for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.chat.domain.citations import cited
from wattos_platform.services.chat.domain.history import estimated_tokens, window
from wattos_platform.services.chat.domain.prompt import prompt
from wattos_platform.services.chat.domain.records import Message, MessageStatus, Outcome, Role, Source
from wattos_platform.services.chat.domain.retrieval_query import refers_back, retrieval_query
from wattos_platform.services.chat.domain.titles import title_from


def said(
    role: Role, content: str, status: MessageStatus = MessageStatus.COMPLETE, position: int = 1
) -> Message:
    return Message(f"m{position}", "c", position, role, 0.0, Outcome(status, content))


def talk(*contents: str) -> list[Message]:
    roles = (Role.USER, Role.ASSISTANT)
    return [said(roles[n % 2], content, position=n + 1) for n, content in enumerate(contents)]


@pytest.mark.parametrize(
    ("text", "expected"), [("", 4), ("a", 5), ("abcd", 5), ("abcde", 6), ("日本", 6), ("\ud800", 5)]
)
def test_tokens_are_estimated_from_bytes(text: str, expected: int) -> None:
    assert estimated_tokens(text) == expected


def test_the_window_keeps_the_newest_that_fit_and_begins_with_a_question() -> None:
    history = talk("q1" * 100, "a1", "q2", "a2")
    assert [m.outcome.content for m in window(history, 20)] == ["q2", "a2"]
    assert [m.outcome.content for m in window(history, 16)] == ["q2", "a2"]
    assert window(history, 6) == []


@pytest.mark.parametrize("status", [MessageStatus.ABORTED, MessageStatus.FAILED, MessageStatus.ANSWERING])
def test_half_answers_are_not_shown_to_the_model(status: MessageStatus) -> None:
    history = [said(Role.USER, "q"), said(Role.ASSISTANT, "half", status), *talk("q2", "a2")]
    assert [m.outcome.content for m in window(history, 1000)] == ["q", "q2", "a2"]


@given(st.lists(st.text(max_size=50), max_size=20), st.integers(0, 300))
def test_a_window_never_exceeds_its_budget_and_is_a_suffix(contents: list[str], budget: int) -> None:
    history = talk(*contents)
    kept = window(history, budget)
    assert sum(estimated_tokens(m.outcome.content) for m in kept) <= budget
    assert kept == history[len(history) - len(kept) :]
    assert not kept or kept[0].role is Role.USER


def test_the_question_is_last_and_whole_even_above_the_budget() -> None:
    question = "x" * 10_000
    messages = prompt(talk("q1", "a1"), question, 0)
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[-1]["content"] == question


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Why?", True),
        ("And for config errors?", True),
        ("How long does it wait?", True),
        ("Who wrote that?", True),
        ("Was kostet das Haus an der Straße?", False),
        ("Und wie lange dauert das?", True),
        ("Which exit code means that the platform is not running?", False),
        ("Wie viele Urlaubstage haben Beschäftigte im öffentlichen Dienst?", False),
    ],
)
def test_follow_ups_are_told_from_questions_that_stand_alone(question: str, expected: bool) -> None:
    assert refers_back(question) is expected


def test_only_a_follow_up_brings_the_previous_question_into_the_search() -> None:
    history = talk("Which exit code means usage error?", "Code 2.")
    assert retrieval_query(history, "And why?") == "And why?\nWhich exit code means usage error?"
    alone = "How many days of leave does a teacher have in Bavaria?"
    assert retrieval_query(history, alone) == alone
    assert retrieval_query([], "Why?") == "Why?"
    assert len(retrieval_query(history, "x" * 5000)) == 2000


def test_citations_follow_the_use_once_each_and_never_lead_nowhere() -> None:
    a, b = (Source(n, "d", "doc", 0, 1, "t") for n in "ab")
    assert cited([a, b], ["b", "nowhere", "a", "b"]) == (b, a)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("  Short\n question? ", "Short question?"),
        ("   ", "New conversation"),
        ("word " * 30, "word word word word word word word word word word word…"),
        ("x" * 80, "x" * 59 + "…"),
    ],
)
def test_a_title_is_one_short_line(question: str, expected: str) -> None:
    assert title_from(question) == expected
