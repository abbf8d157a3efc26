"""Where keys stand in a TOML text."""

import string
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.config.positions import Positions

TEXT = '''# a comment
top = 1
"quoted key" = """multi
line = "not a key"
"""
[a.b]
  c.d = [ 1, # one
    { e = 2, "f" = 'x' }, ]
[[list]]
x = 1
[[list]]
x = 2
'''


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("top",), (2, 1)),
        (("quoted key",), (3, 1)),
        (("a", "b"), (6, 2)),
        (("a", "b", "c", "d"), (7, 3)),
        (("a", "b", "c", "d", "1", "e"), (8, 7)),
        (("a", "b", "c", "d", "1", "f"), (8, 14)),
        (("list", "1", "x"), (12, 1)),
        (("a", "b", "unknown"), (6, 2)),
        (("nowhere",), (1, 1)),
    ],
)
def test_position(path: tuple[str, ...], expected: tuple[int, int]) -> None:
    assert Positions(TEXT).of(path) == expected


@pytest.mark.parametrize(
    ("path", "value", "mark", "expected"),
    [
        (("quoted key",), 'multi\nline = "not a key"\n', "line", (4, 1)),
        (("quoted key",), 'multi\nline = "not a key"\n', "multi", (3, 19)),
        (("a", "b", "c", "d", "1", "f"), "x", "x", (8, 21)),
        (("a", "b", "c", "d", "1", "f"), "y", "y", None),
        (("top",), "1", "1", None),
        (("nowhere",), "x", "x", None),
    ],
)
def test_position_within_a_string(
    path: tuple[str, ...], value: str, mark: str, expected: tuple[int, int] | None
) -> None:
    assert Positions(TEXT).within(path, value, value.index(mark)) == expected


def test_position_within_a_string_that_begins_on_the_next_line() -> None:
    positions = Positions('rules = [\n  """\nabc""",\n]\n')
    assert positions.within(("rules", "0"), "abc", 1) == (3, 2)
    assert positions.line(3) == 'abc""",'


KEYS = st.text(string.ascii_lowercase, min_size=1, max_size=5)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("ab\"'#[]{}=,.\n\\ ", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return str(value).lower()


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_every_key_stands_where_it_is_said_to_stand(content: dict[str, object]) -> None:
    text = "".join(f"{key} = {toml(value)}\n" for key, value in content.items())
    assert tomllib.loads(text) == content
    positions = Positions(text)
    lines = text.split("\n")
    for key in content:
        line, column = positions.of((key,))
        assert lines[line - 1][column - 1 :].startswith(f"{key} =")
