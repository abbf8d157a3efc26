"""Terms: inflections meet, accents do not matter, nothing of a user's syntax reaches the index."""

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattos_platform.services.rag.domain.terms import (
    MAX_QUERY_TERMS,
    MAX_TERM_CHARS,
    index_terms,
    match_expression,
    query_terms,
)


@pytest.mark.parametrize(
    "family",
    [
        "Vertrag Vertrages Verträge vertraege Verträgen",
        "Rechnung Rechnungen",
        "Kündigung kündigen Kündigungen",
        "Haus Häuser Häusern",
        "cache caches cached caching",
        "retry retries retried",
        "cancel cancels cancelled cancellation",
        "configure configured configuration configurations",
        "run runs running",
        "stop stops stopped stopping",
        "process processes processed",
        "Straße Strasse STRASSE",
        "café cafés CAFE",
    ],
)
def test_inflections_have_one_term(family):
    assert len({tuple(index_terms(word)) for word in family.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("status", "state"), ("service", "server"), ("Haus", "Hass"), ("port", "part")]
)
def test_different_words_keep_different_terms(one, other):
    assert index_terms(one) != index_terms(other)


def test_scripts_without_spaces_are_indexed_by_pairs():
    assert index_terms("知識空間") == ["知識", "識空", "空間"]


def test_question_loses_its_stop_words_unless_there_is_nothing_else():
    assert query_terms("Wie ist der Port von dem Gateway?") == ["port", "gatewai"]
    assert query_terms("Was ist das?") == ["was", "ist", "das"]


def test_a_long_text_is_asked_by_both_ends():
    told = [f"word{number}" for number in range(100)]
    terms = query_terms(" ".join(["ticket", *told, "bus", "word50", "word0"]))
    assert len(terms) == MAX_QUERY_TERMS
    assert terms[:3] == ["ticket", "word0", "word1"]
    assert terms[-3:] == ["word99", "bus", "word50"]


@settings(max_examples=300)
@given(st.text(max_size=400))
def test_any_text_makes_a_query_that_the_index_takes(text):
    terms = query_terms(text)
    assert len(terms) <= MAX_QUERY_TERMS
    assert all(0 < len(term) <= MAX_TERM_CHARS for term in terms)
    if not terms:
        return
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(body, tokenize='unicode61 remove_diacritics 0')")
    connection.execute("INSERT INTO t VALUES (?)", (" ".join(index_terms(text)),))
    found = connection.execute(
        "SELECT count(*) FROM t WHERE t MATCH ?", (match_expression(terms),)
    ).fetchone()
    connection.close()
    assert found == (1,)


@pytest.mark.parametrize(
    "syntax",
    ['" OR body:x', "NEAR(a b)", "a* AND -b", "body : secret", "{a b}:c", "^first", "a+b", "'; DROP TABLE t"],
)
def test_query_syntax_is_only_words(syntax):
    expression = match_expression(query_terms(syntax))

    assert set(expression.replace(" OR ", " ").replace('"', "").replace("*", "")) <= set(
        "abcdefghijklmnopqrstuvwxyz0123456789 "
    )
