"""Fusion, ranking, names, kinds of documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.rag.domain.fusion import fuse
from wattos_platform.services.rag.domain.hybrid import by_both
from wattos_platform.services.rag.domain.media import UnsupportedMediaError, media_type
from wattos_platform.services.rag.domain.names import MAX_CHARS, NameRefusedError, document_name
from wattos_platform.services.rag.domain.ranking import Candidate, Corpus, rank, text_score


def test_first_in_every_ranking_is_one_and_agreement_wins():
    fused = fuse([["a", "b", "c"], ["a", "c", "d"]], [1, 1])

    assert fused["a"] == pytest.approx(1)
    assert list(fused) == ["a", "c", "b", "d"]


@given(st.lists(st.lists(st.integers(0, 20), unique=True, max_size=10), min_size=1, max_size=3))
def test_fused_scores_are_within_zero_and_one_and_descend(rankings):
    scores = list(fuse(rankings, [1.0] * len(rankings)).values())

    assert all(0 < score <= 1 + 1e-9 for score in scores)
    assert scores == sorted(scores, reverse=True)


def test_passage_without_a_vector_yet_is_not_pushed_down():
    hits = by_both([(1, 0.9), (2, 0.5)], {2: 0.4, 3: 0.3})

    assert [hit.key for hit in hits] == [1, 2, 3]
    assert hits[0].vector is None


CORPUS = Corpus(100, {"exit": 5, "code": 30, "plat": 60})


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        pytest.param(("exit code",), ("code code code",), id="rare-term-counts-more"),
        pytest.param(("exit",), ("exiting",), id="word-before-beginning-of-a-word"),
        pytest.param(("exit", "exit"), ("exit", ""), id="heading-counts"),
    ],
)
def test_text_score_prefers(better, worse):
    def score(body, heading=""):
        return text_score(["exit", "code"], Candidate(1, [], heading.split(), body.split()), CORPUS)

    assert score(*better) > score(*worse)


def test_text_score_is_a_share_of_what_the_question_asks():
    everything = Candidate(1, ["exit"] * 3, ["exit", "code"], ["exit", "code"] * 20)

    assert text_score(["exit", "code"], everything, CORPUS) == pytest.approx(1, abs=0.15)
    assert text_score(["unheard"], everything, CORPUS) == 0
    assert rank(["exit"], [Candidate(1, [], [], []), Candidate(2, [], [], ["exit"])], CORPUS)[0][0] == 2


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("..\\..\\windows\\a.txt", "windows/a.txt"),
        ("C:\\temp\\a.txt", "temp/a.txt"),
        ("a\x00b\x1b[31m.txt", "ab[31m.txt"),
        ("evil\u202etxt.exe.md", "eviltxt.exe.md"),
        ("  a \n b .md ", "a b .md"),
        ("adr/0001.md", "adr/0001.md"),
        ("/absolute/a.md", "absolute/a.md"),
        ("x" * 400 + ".md", "x" * (MAX_CHARS - 3) + ".md"),
    ],
)
def test_document_name_is_a_harmless_label(raw, expected):
    assert document_name(raw) == expected


@pytest.mark.parametrize("raw", ["", "..", "///", ". .", "\x00\x01", "../.."])
def test_name_of_nothing_is_refused(raw):
    with pytest.raises(NameRefusedError):
        document_name(raw)


@given(st.text(max_size=300))
def test_no_name_escapes(raw):
    try:
        name = document_name(raw)
    except NameRefusedError:
        return
    assert ".." not in name.split("/")
    assert not name.startswith("/")
    assert len(name) <= MAX_CHARS
    assert name.isprintable()


def test_kinds_of_documents():
    assert media_type("A.PDF") == "application/pdf"
    for name in ("x.exe", "pdf", ".md", "a.md.zip"):
        with pytest.raises(UnsupportedMediaError, match="is not one of"):
            media_type(name)
