"""Chunkers end on every input, keep true offsets, lose no word and keep structures whole."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattos_platform.services.rag.domain.chunk import Chunking
from wattos_platform.services.rag.domain.chunking import chunk
from wattos_platform.services.rag.domain.markdown import blocks

STRATEGIES = ["auto", "sentence", "fixed", "paragraph", "markdown"]
PROSE = st.text(alphabet=st.sampled_from("aB. !?\n\r\t#-*|`~=1)>äß字…\"'\u2028\u00a0"), max_size=600)


@pytest.mark.parametrize("strategy", [pytest.param(name, id=f"{name}-defect-61") for name in STRATEGIES])
@settings(max_examples=150)
@given(text=PROSE | st.text(max_size=300), size=st.integers(1, 60), data=st.data())
def test_every_chunker_ends_with_true_offsets(strategy, text, size, data):
    overlap = data.draw(st.integers(0, size - 1))

    chunks = chunk(text, Chunking(strategy, size, overlap), has_headings=True)

    assert all(0 <= each.start < each.end <= len(text) for each in chunks)
    assert all(each.end - each.start <= size for each in chunks)
    assert [each.start for each in chunks] == sorted(each.start for each in chunks)
    assert [each.end for each in chunks] == sorted({each.end for each in chunks})
    assert all(text[each.start : each.end] == text[each.start : each.end].strip() for each in chunks)


@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(max_examples=100)
@given(text=PROSE, size=st.integers(1, 40))
def test_no_character_but_white_space_is_lost(strategy, text, size):
    chunks = chunk(text, Chunking(strategy, size), has_headings=True)

    covered = {at for each in chunks for at in range(each.start, each.end)}
    assert all(text[at].isspace() for at in range(len(text)) if at not in covered)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("." * 400_000, id="dots"),
        pytest.param("\n" * 400_000, id="newlines"),
        pytest.param("a" * 400_000, id="one-word"),
        pytest.param(" \n" * 200_000, id="blank-lines"),
        pytest.param("- \n" * 100_000, id="items"),
        pytest.param("```\n" * 100_000, id="fences"),
        pytest.param("|\n" * 100_000, id="rows"),
    ],
)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_hostile_text_takes_one_pass_not_a_square_of_passes(strategy, hostile):
    # The suite's own time-out fails what is quadratic here.
    chunk(hostile, Chunking(strategy, 900, 100), has_headings=True)


def test_fixed_windows_end_with_the_text_and_overlap():
    found = chunk("abcdefghij", Chunking("fixed", 4, 2), has_headings=False)

    assert [(each.start, each.end) for each in found] == [(0, 4), (2, 6), (4, 8), (6, 10)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Eins ist da. Zwei ist da.", ["Eins ist da.", "Zwei ist da."]),
        ("Siehe z.B. Seite 3. Dann weiter.", ["Siehe z.B. Seite 3.", "Dann weiter."]),
        ("Dr. Meier kommt. Gut!", ["Dr. Meier kommt.", "Gut!"]),
        ("Ohne Punkt\n\nNeuer Absatz", ["Ohne Punkt", "Neuer Absatz"]),
        ('He said "No." Then left.', ['He said "No."', "Then left."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    found = chunk(text, Chunking("sentence", 20), has_headings=False)

    assert [text[each.start : each.end] for each in found] == expected


def test_sentences_overlap_by_whole_sentences():
    text = "Aaaa. Bbbb. Cccc. Dddd."

    found = chunk(text, Chunking("sentence", 12, 6), has_headings=False)

    assert [text[each.start : each.end] for each in found] == ["Aaaa. Bbbb.", "Bbbb. Cccc.", "Cccc. Dddd."]


def test_markdown_chunks_bear_the_path_of_their_headings_and_never_cross_one():
    text = "# A\n\nintro\n\n## B\n\nbody b\n\n### C ###\nbody c\n\nD\n===\nbody d\n"

    found = chunk(text, Chunking("markdown", 900), has_headings=True)

    assert [(each.heading, text[each.start : each.end]) for each in found] == [
        ("A", "# A\n\nintro"),
        ("A > B", "## B\n\nbody b"),
        ("A > B > C", "### C ###\nbody c"),
        ("D", "D\n===\nbody d"),
    ]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("| a | b |\n| 1 | 2 |\n| 3 | 4 |", id="table"),
        pytest.param("- one\n- two\n  more\n- three", id="list"),
        pytest.param("```\nx = 1\n\n# no heading\n```", id="code"),
    ],
)
def test_tables_lists_and_code_stay_whole_where_they_fit(block):
    text = f"# H\n\nSome words before it that fill the chunk.\n\n{block}\n\nSome words after."

    found = chunk(text, Chunking("markdown", 60), has_headings=True)

    assert any(block in text[each.start : each.end] for each in found)


def test_long_list_is_cut_between_items_only():
    text = "\n".join(f"- item {number} with words" for number in range(40))

    found = chunk(text, Chunking("markdown", 120), has_headings=True)

    assert len(found) > 1
    assert all(text[each.start : each.end].startswith("- item") for each in found)


def test_blocks_are_told_apart():
    text = "para\n# h\n| t |\n1. item\n\n   more\n```\ncode\n```\nUnder\n-----\n"

    assert [each.kind for each in blocks(text)] == [
        "paragraph",
        "heading",
        "table",
        "list",
        "code",
        "heading",
    ]


@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (10, 10), (10, -1)])
def test_chunking_that_cannot_move_on_is_refused(size, overlap):
    with pytest.raises(ValueError, match="overlap"):
        Chunking("fixed", size, overlap)
