"""Tables that fit a terminal."""

import pytest

from wattos_cli.render.text import table

HEAD = ("NAME", "WHY")
ROWS = [("rag", "hop:chat is down: its circuit is open"), ("chat", "")]


def test_the_last_column_goes_on_below_itself() -> None:
    assert table(HEAD, ROWS, width=24).splitlines() == [
        "NAME  WHY",
        "rag   hop:chat is down:",
        "      its circuit is",
        "      open",
        "chat",
    ]


def test_a_column_that_is_named_is_cut() -> None:
    assert table(HEAD, ROWS, width=24, cut=1).splitlines()[1] == "rag   hop:chat is down:…"


@pytest.mark.parametrize("width", [0, 200])
def test_nothing_is_broken_where_there_is_room(width: int) -> None:
    assert table(HEAD, ROWS, width=width).splitlines()[1] == "rag   hop:chat is down: its circuit is open"


@pytest.mark.parametrize("width", [1, 10, 20, 40, 80])
def test_every_word_is_told_at_every_width(width: int) -> None:
    lines = table(HEAD, ROWS, width=width).splitlines()
    assert "".join(" ".join(line[6:] for line in lines[1:]).split()) == ROWS[0][1].replace(" ", "")
    assert max(map(len, lines)) <= max(width, len("rag   ") + 12)
