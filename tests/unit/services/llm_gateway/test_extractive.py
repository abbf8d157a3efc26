"""The extractive provider quotes what answers a question, and says so when nothing does."""

import re

import pytest

from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain.extractive.answer import (
    compose,
    shortlist,
    with_meaning,
)
from wattos_platform.services.llm_gateway.domain.extractive.ranking import read
from wattos_platform.services.llm_gateway.domain.extractive.words import content_terms, language_of, stem

CLI = """## Exit codes
| code | meaning |
|---|---|
| 0 | done |
| 3 | configuration invalid |
| 4 | nothing valid to talk to: platform not running, target unreachable |
"""
LOGS = """The supervisor rotates log files by rename at 64 MB and keeps five. Services re-open them on SIGHUP.

To start over:

- stop the platform with `wattos down`
- delete the folder `.wattos`
"""
SCHULE = """## Kennwörter
- Ein Kennwort muss mindestens 14 Zeichen haben.
- Nach fünf falschen Eingaben wird das Konto für 15 Minuten gesperrt.

Die Sicherung läuft jede Nacht um 2 Uhr. Zutritt haben nur die Administratoren, d. h. Frau Dr. Lindner.
"""


def passages(*texts: str) -> list[Passage]:
    return [
        Passage(
            id=f"p{n}",
            document_id=f"d{n}",
            document=f"doc{n}.md",
            start=1000 * n,
            end=1000 * n + len(t),
            text=t,
        )
        for n, t in enumerate(texts)
    ]


def ask(question: str, *texts: str, earlier: str = ""):
    given = passages(*texts)
    return compose(question, given, read(question, given, earlier))


@pytest.mark.parametrize(
    ("question", "quoted", "source"),
    [
        pytest.param(
            "Which exit code means the platform is not running?", "| 4 | nothing valid", "p0", id="table"
        ),
        pytest.param("How are log files rotated?", "rename at 64 MB", "p1", id="sentence"),
        pytest.param("How do I start over?", "- delete the folder `.wattos`", "p1", id="list-with-its-lead"),
        pytest.param("Wie viele Zeichen muss ein Kennwort haben?", "14 Zeichen", "p2", id="german-item"),
        pytest.param("Wann läuft die Sicherung?", "um 2 Uhr", "p2", id="german-sentence"),
        pytest.param("Wer hat Zutritt?", "Frau Dr. Lindner", "p2", id="german-abbreviation"),
    ],
)
def test_the_right_unit_is_quoted_with_its_source(question, quoted, source):
    answer = ask(question, CLI, LOGS, SCHULE)
    assert answer.outcome == "quoted"
    assert quoted in answer.text
    assert "[1]" in answer.text
    assert answer.citations[0]["id"] == source


def test_every_word_of_an_answer_stands_in_a_passage():
    answer = ask("How do I start over?", CLI, LOGS, SCHULE)
    everything = " ".join(f"{CLI} {LOGS} {SCHULE}".split())
    for line in re.sub(r" \[\d+\]", "", answer.text).splitlines():
        assert line.removeprefix("- ") in everything


def test_citations_bear_true_offsets_in_the_document():
    answer = ask("How are log files rotated?", CLI, LOGS)
    citation = answer.citations[0]
    assert citation["text"] == LOGS[citation["start"] - 1000 : citation["end"] - 1000]
    assert (citation["index"], citation["document"], citation["document_id"]) == (1, "doc1.md", "d1")


def test_a_quoted_row_stays_a_valid_table():
    answer = ask("Which exit code means the platform is not running?", CLI)
    lines = answer.text.splitlines()
    assert lines[:2] == ["| code | meaning |", "|---|---|"]
    assert lines[2].endswith("target unreachable [1] |")


@pytest.mark.parametrize(
    ("question", "begins"),
    [
        pytest.param("What is the capital of France?", "The sources hold no answer", id="far-away"),
        pytest.param("Which port does Kafka use?", "The sources hold no answer", id="near"),
        pytest.param(
            "Wer ist der Bürgermeister von Bremen?", "Die Quellen enthalten darauf keine Antwort", id="german"
        ),
        pytest.param("Hello!", "The sources hold no answer", id="no-question"),
        pytest.param("", "The sources hold no answer", id="empty"),
    ],
)
def test_a_question_without_an_answer_is_told_so(question, begins):
    answer = ask(question, CLI, LOGS, SCHULE)
    assert answer.outcome == "no_answer"
    assert answer.text.startswith(begins)
    assert answer.citations == []


def test_where_it_looked_is_named():
    assert (
        "3 passages of doc0.md, doc1.md, doc2.md"
        in ask("What is the capital of France?", CLI, LOGS, SCHULE).text
    )


@pytest.mark.parametrize(
    ("question", "begins"),
    [("What is wattos?", "I have no source"), ("Was ist das für ein Dienst?", "Dazu habe ich keine Quelle")],
)
def test_without_passages_it_says_that_it_has_no_source(question, begins):
    answer = ask(question)
    assert (answer.outcome, answer.text[: len(begins)], answer.citations) == ("no_source", begins, [])


def test_a_short_follow_up_leans_on_the_question_before():
    alone = ask("And rotated?", CLI, LOGS)
    led = ask("And rotated?", CLI, LOGS, earlier="What happens to log files?")
    assert "rename at 64 MB" in led.text
    assert alone.outcome in {"quoted", "no_answer"}


def test_the_question_itself_is_no_answer():
    question = "Which exit code means the platform is not running?"
    example = f'Ask it like this.\n\n```console\n$ wattos ask "{question}"\n```\n\n{question}\n'
    assert ask(question, example).outcome == "no_answer"
    both = ask(question, example, CLI)
    assert "| 4 | nothing valid" in both.text
    assert question not in both.text


@pytest.mark.parametrize("said", ["the platform is not running", "Error: the platform is not running."])
def test_what_holds_the_words_of_a_question_and_more_is_quoted(said):
    answer = ask(said, "With exit code 4 it says: Error: the platform is not running. Type `wattos up`.")
    assert "exit code 4" in answer.text


def test_meaning_finds_what_words_do_not():
    question = "How do I shut everything off?"
    given = passages(LOGS)
    reading = read(question, given)
    target = next(n for n, c in enumerate(reading.candidates) if "wattos down" in c.unit.text)
    assert compose(question, given, reading).outcome == "no_answer"
    assert target in shortlist(reading)
    found = compose(question, given, with_meaning(reading, {target: 0.95}))
    assert found.outcome == "no_answer" or "wattos down" in found.text


def test_deltas_join_to_the_text():
    answer = ask("How do I start over?", CLI, LOGS)
    deltas = list(answer.deltas())
    assert "".join(deltas) == answer.text
    assert len(deltas) > 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("services", "service"),
        ("running", "run"),
        ("stopped", "stop"),
        ("policies", "policy"),
        ("Häuser", "haus"),
    ],
)
def test_forms_of_a_word_have_one_stem(one, other):
    assert stem(one.lower()) == stem(other.lower())


def test_content_terms_leave_function_words_out():
    assert content_terms("What does the exit code 4 mean?") == [stem("exit"), stem("code"), "4"]


@pytest.mark.parametrize(
    ("text", "language"), [("Wo ist das?", "de"), ("Where is that?", "en"), ("Übergröße", "de"), ("", "en")]
)
def test_language_of(text, language):
    assert language_of(text) == language


def test_a_sentence_below_a_name_bears_the_name():
    answer = ask(
        "How do I stop the platform?", "## wattos down\n\nStop the platform; nothing stays behind.\n"
    )
    assert answer.text == "wattos down: Stop the platform; nothing stays behind. [1]"


def test_irregular_forms_meet():
    assert stem("left") == stem("leave")
    assert stem("läuft") == stem("laufen")
