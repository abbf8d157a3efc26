"""Words are never cut, whatever the pieces."""

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.render.wrap import WordWrap

WORDS = st.lists(st.text("abc", min_size=1, max_size=9), max_size=20)


@given(WORDS, st.lists(st.integers(1, 7), min_size=1), st.integers(20, 40))
def test_pieces_do_not_matter(words: list[str], sizes: list[int], width: int) -> None:
    text = " ".join(words)
    wrap, out, at = WordWrap(width), "", 0
    for size in sizes * (len(text) + 1):
        out += wrap.feed(text[at : at + size])
        at += size
    out += wrap.end()
    assert [line.rstrip() for line in out.split("\n")] == (textwrap.wrap(text, width) or [""])


def test_line_breaks_stay() -> None:
    wrap = WordWrap(20)
    assert wrap.feed("one\n\ntwo three four five six") + wrap.end() == "one\n\ntwo three four five \nsix"
