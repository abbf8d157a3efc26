"""Matchers, and the NaN that ends a series."""

from array import array

import pytest

from wattos_cli.metricstore.series import STALE, Matcher, MatchOp, is_stale


@pytest.mark.parametrize(
    ("op", "value", "meets", "misses"),
    [
        ("=", "chat", ["chat"], ["", "chat2"]),
        ("=", "", [""], ["chat"]),
        ("!=", "chat", ["", "rag"], ["chat"]),
        ("=~", "ch.t|rag", ["chat", "rag"], ["", "chats", "xrag"]),
        ("=~", "a.b", ["a\nb"], ["ab"]),
        ("!~", "ch.*", ["", "rag"], ["chat"]),
    ],
)
def test_a_matcher_takes_the_whole_value(
    op: MatchOp, value: str, meets: list[str], misses: list[str]
) -> None:
    matcher = Matcher("job", op, value)
    assert [matcher.matches(text) for text in meets] == [True] * len(meets)
    assert [matcher.matches(text) for text in misses] == [False] * len(misses)


def test_only_the_marker_is_stale() -> None:
    assert is_stale(STALE)
    assert not is_stale(float("nan"))
    assert not is_stale(0.0)


def test_the_marker_survives_an_array() -> None:
    assert is_stale(array("d", array("d", [STALE]).tobytes())[0])
