"""Request id, trace and identity of the request at hand."""

import pytest

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel import context
from wattos_platform.kernel.errors import ServiceError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        pytest.param("req-7f3a9c55e1d0dead", True, id="well-formed"),
        pytest.param("short", False, id="too-short"),
        pytest.param("a" * 129, False, id="too-long"),
        pytest.param("abcdefgh\r\nset-cookie: x", False, id="header-injection"),
        pytest.param("", False, id="empty"),
        pytest.param(None, False, id="absent"),
    ],
)
def test_request_id_is_kept_only_when_well_formed(given: str | None, kept: bool) -> None:
    assert (context.request_id_of(given) == given) is kept


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        pytest.param("00-" + "a" * 32 + "-" + "b" * 16 + "-01", True, id="valid"),
        pytest.param("00-" + "0" * 32 + "-" + "b" * 16 + "-01", False, id="zero-trace"),
        pytest.param("00-" + "a" * 32 + "-" + "0" * 16 + "-01", False, id="zero-span"),
        pytest.param("00-" + "A" * 32 + "-" + "b" * 16 + "-01", False, id="upper-case"),
        pytest.param("ff", False, id="garbage"),
    ],
)
def test_trace_is_continued_only_from_a_valid_traceparent(header: str, kept: bool) -> None:
    trace_id, flags = context.trace_of(header)
    assert (trace_id == "a" * 32) is kept
    assert flags == ("01" if kept else "00")


def test_background_work_has_the_identity_of_its_row_and_gives_it_back() -> None:
    owner = Identity("tenant-a", "user-1", ("editor",))
    with context.background(owner, "run-12345678") as inside:
        assert context.identity() == owner
        assert context.current().request_id == "run-12345678"
        assert context.current() is inside
    with pytest.raises(ServiceError) as refused:
        context.identity()
    assert refused.value.status == 401
