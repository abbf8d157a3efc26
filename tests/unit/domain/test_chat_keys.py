"""Cursors and request keys: what comes in from outside is ours or is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.chat.domain.cursor import CursorError, decode, encode
from wattos_platform.services.chat.domain.idempotency import fingerprint, key_is_wellformed


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=40))
def test_a_cursor_leads_back_to_its_position(updated_at: float, last: str) -> None:
    assert decode(encode(updated_at, last), float, str) == (updated_at, last)


@given(st.text(max_size=60))
def test_any_other_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with contextlib.suppress(CursorError):
        assert len(decode(text, float, str)) == 2


@pytest.mark.parametrize(
    "cursor", ["", "????", "W10", encode(1, 2), encode("a", 1.0), encode(1.0), "9" * 5000, "ä"]
)
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(CursorError):
        decode(cursor, float, str)


def test_a_fingerprint_tells_questions_apart_but_not_how_they_are_delivered() -> None:
    body = {"content": "a", "stream": True, "model": None}
    assert fingerprint("POST /x", body) == fingerprint("POST /x", {**body, "stream": False})
    assert fingerprint("POST /x", body) != fingerprint("POST /y", body)
    assert fingerprint("POST /x", body) != fingerprint("POST /x", {**body, "content": "b"})


@pytest.mark.parametrize(
    ("key", "expected"),
    [("a", True), ("x" * 255, True), ("", False), ("x" * 256, False), ("a\n", False), ("é", False)],
)
def test_which_keys_are_wellformed(key: str, expected: bool) -> None:
    assert key_is_wellformed(key) is expected
