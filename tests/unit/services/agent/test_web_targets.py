"""Which addresses an agent may read: an allow-list, and no trick around it (defect 67)."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.agent.domain.web_targets import TargetRefusedError, parse_allowed, web_target

ALLOWED = parse_allowed("Example.com, .docs.example.org,http://intranet.example.net:8080")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b=c#d",
        "https://EXAMPLE.com./",
        "https://example.com:443/",
        "https://a.docs.example.org/x",
        "http://intranet.example.net:8080/",
    ],
)
def test_what_is_allowed(url: str) -> None:
    assert web_target(url, ALLOWED).url == url


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(url, id=f"{url[:40]}[defect-67]")
        for url in (
            "http://example.com/",
            "https://example.com:8443/",
            "https://example.com.evil.org/",
            "https://evil-example.com/",
            "https://docs.example.org/",
            "https://user:pass@example.com/",
            "https://example.com@evil.org/",
            "https://evil.org/?example.com",
            "https://evil.org\\@example.com/",
            "https://example.com /",
            "https://example.com\r\nHost: evil.org",
            "https://exämple.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "file:///etc/passwd",
            "gopher://example.com/",
            "//example.com/",
            "example.com",
            "",
            "https://",
            "https://[::1/",
            "https://example.com:99999/",
            "https://example.com/" + "x" * 2000,
        )
    ],
)
def test_what_is_refused(url: str) -> None:
    with pytest.raises(TargetRefusedError):
        web_target(url, ALLOWED)


@given(st.text(max_size=80))
def test_any_text_is_refused_or_allowed_and_nothing_else(url: str) -> None:
    with contextlib.suppress(TargetRefusedError):
        assert web_target(url, ALLOWED).host


@pytest.mark.parametrize(
    "entry", ["*", "exa mple.com", "https://example.com/path", "ftp://x", "user@host", "a..b"]
)
def test_an_allow_list_that_cannot_be_meant_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="is no host name"):
        parse_allowed(entry)


def test_an_empty_list_allows_nothing() -> None:
    assert parse_allowed(" , ") == ()
    with pytest.raises(TargetRefusedError):
        web_target("https://example.com/", ())
