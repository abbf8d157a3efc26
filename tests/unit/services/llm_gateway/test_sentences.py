"""Passages are cut into sentences and units, each a true slice of its text."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.llm_gateway.domain.extractive.sentences import spans
from wattos_platform.services.llm_gateway.domain.extractive.units import split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One. Two! Three?", ["One.", "Two!", "Three?"], id="three-marks"),
        pytest.param(
            "Am 3. Mai kam Dr. Meier, z. B. mit J. S. Bach. Das war 1990. Danach ging er.",
            ["Am 3. Mai kam Dr. Meier, z. B. mit J. S. Bach.", "Das war 1990.", "Danach ging er."],
            id="german-abbreviations",
        ),
        pytest.param(
            "Use e.g. Redis, i.e. A cache. Done.", ["Use e.g. Redis, i.e. A cache.", "Done."], id="e.g."
        ),
        pytest.param("Run `a. B` now. Then stop.", ["Run `a. B` now.", "Then stop."], id="code-span"),
        pytest.param("It takes 2.5 s. Fine.", ["It takes 2.5 s.", "Fine."], id="decimal"),
        pytest.param(
            '"Stop!" said he. He left.', ['"Stop!" said he.', "He left."], id="small-letter-follows"
        ),
        pytest.param("First. `ps` lists all.", ["First.", "`ps` lists all."], id="sentence-begins-with-code"),
        pytest.param("", [], id="empty"),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, expected):
    assert [text[start:end] for start, end in spans(text)] == expected


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_spans_lie_in_order_and_lose_no_word(text):
    found = list(spans(text))
    assert all(a < b for a, b in found)
    assert all(one[1] <= two[0] for one, two in pairwise(found))
    assert "".join("".join(text[a:b].split()) for a, b in found) == "".join(text.split())


PAGE = """# Operations

Intro sentence. Another one:

- first item
- second item that
  goes on here
1. numbered

| code | meaning |
|---|---|
| 0 | done |
| 4 | nothing to talk to |

```sh
wattos up
wattos down
```

Closing words
Next paragraph."""


def test_units_keep_items_rows_and_code_whole():
    found = [(unit.kind, unit.text) for unit in split(PAGE)]
    assert found == [
        ("sentence", "Intro sentence."),
        ("sentence", "Another one:"),
        ("item", "first item"),
        ("item", "second item that goes on here"),
        ("item", "numbered"),
        ("row", "| 0 | done |"),
        ("row", "| 4 | nothing to talk to |"),
        ("code", "```sh\nwattos up\nwattos down\n```"),
        ("sentence", "Closing words Next paragraph."),
    ]


def test_units_know_what_stands_above_them():
    by_text = {unit.text: unit for unit in split(PAGE)}
    assert by_text["first item"].context == ("Operations", "Another one:")
    assert by_text["| 4 | nothing to talk to |"].header == "| code | meaning |"
    assert by_text["Another one:"].introduces


def test_a_code_block_cut_by_the_chunker_is_not_read_as_prose():
    units = split("wattos up\nwattos down\n```\nPorts come from the catalog.")
    assert [(unit.kind, unit.text) for unit in units] == [
        ("code", "wattos up\nwattos down"),
        ("sentence", "Ports come from the catalog."),
    ]


@given(st.text(alphabet=st.sampled_from(list("aB .\n|-#`*:1\r\u2028\x85")), max_size=300))
def test_units_are_true_slices_whatever_the_text(text):
    for unit in split(text):
        assert 0 <= unit.start < unit.end <= len(text)
        assert unit.text.split() == text[unit.start : unit.end].split()


def test_a_line_without_end_is_cut_into_bounded_units():
    units = split("word " * 100_000)
    assert max(len(unit.text) for unit in units) <= 700


def test_lines_of_names_and_values_are_units_of_their_own():
    units = split("a.b.type: integer\na.b.description: Largest upload.\n\nNote: this is prose.")
    assert [(unit.kind, unit.text) for unit in units] == [
        ("field", "a.b.type: integer"),
        ("field", "a.b.description: Largest upload."),
        ("sentence", "Note: this is prose."),
    ]


def test_a_long_listing_is_read_by_its_stanzas():
    listing = "\n\n".join(f"  option-{n}   does the thing number {n}\n  and goes on" for n in range(40))
    units = split(f"```text\n{listing}\n```")
    assert len(units) == 40
    assert {unit.kind for unit in units} == {"code"}
