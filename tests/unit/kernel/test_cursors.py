"""Cursors lead back to their position; any other text is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.kernel.cursors import cursor_behind, cursor_position
from wattos_platform.kernel.errors import ServiceError


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=40))
def test_a_cursor_leads_back_to_its_position(updated_at: float, last: str) -> None:
    assert cursor_position(cursor_behind(updated_at, last), float, str) == (updated_at, last)


@given(st.text(max_size=60))
def test_any_other_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    with contextlib.suppress(ServiceError):
        assert len(cursor_position(text, float, str)) == 2


@pytest.mark.parametrize(
    "cursor",
    ["", "????", "W10", cursor_behind(1, 2), cursor_behind("a", 1.0), cursor_behind(1.0), "9" * 5000, "ä"],
)
def test_a_cursor_of_another_list_is_refused(cursor: str) -> None:
    with pytest.raises(ServiceError):
        cursor_position(cursor, float, str)


@pytest.mark.parametrize(
    ("position", "kind"),
    [
        pytest.param(2**63, int, id="beyond-64-bits"),
        pytest.param(-(2**70), int, id="below-64-bits"),
        pytest.param("\ud800", str, id="lone-surrogate"),
    ],
)
def test_a_position_that_no_database_takes_is_refused(position: int | str, kind: type) -> None:
    with pytest.raises(ServiceError):
        cursor_position(cursor_behind(position), kind)
