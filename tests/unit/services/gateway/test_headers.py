"""Which header fields go through the gateway, in either direction."""

import pytest

from wattos_platform.services.gateway.domain.cors import PREFLIGHT_HEADERS, policy_of
from wattos_platform.services.gateway.domain.headers import answer_headers, read_request_headers
from wattos_platform.services.gateway.domain.truncation import truncation_event


def test_credentials_and_claims_about_the_caller_stop_at_the_door() -> None:
    read = read_request_headers(
        [
            (b"authorization", b"Bearer x"),
            (b"cookie", b"a=b"),
            (b"x-wattos-identity", b"forged"),
            (b"x-wattos-attempt", b"9"),
            (b"x-user-id", b"root"),
            (b"x-tenant-id", b"other"),
            (b"x-forwarded-for", b"1.2.3.4"),
            (b"x-request-id", b"r"),
            (b"content-type", b"application/json"),
            (b"x-wattos-cache", b"on"),
            (b"idempotency-key", b"k"),
        ]
    )
    assert read.passed == {"content-type": "application/json", "x-wattos-cache": "on", "idempotency-key": "k"}
    assert (read.authorization, read.tenant, read.forwarded_for) == (b"Bearer x", "other", b"1.2.3.4")


@pytest.mark.parametrize(
    "name",
    ["connection", "keep-alive", "te", "trailer", "upgrade", "proxy-authorization", "transfer-encoding"],
)
def test_hop_by_hop_fields_are_not_passed_on(name: str) -> None:
    assert name not in read_request_headers([(name.encode(), b"x")]).passed


def test_fields_that_connection_names_are_not_passed_on() -> None:
    read = read_request_headers([(b"x-a", b"1"), (b"connection", b"close, X-A"), (b"x-b", b"2")])
    assert read.passed == {"x-b": "2"}


def test_repeated_fields_are_joined() -> None:
    assert read_request_headers([(b"accept", b"a"), (b"accept", b"b")]).passed == {"accept": "a, b"}


def test_an_upstream_cannot_speak_for_the_gateway() -> None:
    upstream = {
        "Content-Type": "application/json",
        "Server": "x",
        "Date": "y",
        "Content-Length": "3",
        "Transfer-Encoding": "chunked",
        "Access-Control-Allow-Origin": "*",
        "X-Frame-Options": "ALLOW",
        "Set-Cookie": "a=b",
        "X-Request-ID": "r",
        "ETag": '"1"',
    }
    assert answer_headers(upstream) == [(b"content-type", b"application/json"), (b"etag", b'"1"')]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        pytest.param(b"https://app.example", True, id="allowed"),
        pytest.param(b"https://evil.example", False, id="defect-20"),
        pytest.param(b"https://app.example.evil.example", False, id="prefix"),
        pytest.param(b"null", False, id="null"),
        pytest.param(None, False, id="none"),
    ],
)
def test_only_a_listed_origin_gets_cors_fields(origin: bytes | None, allowed: bool) -> None:
    fields = dict(policy_of(["https://app.example"]).answer_headers(origin))
    assert fields.get(b"access-control-allow-origin") == (origin if allowed else None)
    assert fields[b"vary"] == b"Origin"


def test_a_preflight_lists_methods_and_fields() -> None:
    fields = dict(PREFLIGHT_HEADERS)
    assert b"PATCH" in fields[b"access-control-allow-methods"]
    assert b"Authorization" in fields[b"access-control-allow-headers"]


@pytest.mark.parametrize("origin", ["*", "app.example", "https://", "https://a/b", "ftp://a", "https://*.a"])
def test_an_origin_that_cannot_be_one_is_refused_at_start(origin: str) -> None:
    with pytest.raises(ValueError, match="is not an origin"):
        policy_of([origin])


def test_a_broken_stream_ends_with_an_error_and_no_done() -> None:
    assert b'"code":"upstream_truncated"' in truncation_event("/v1/chat/completions", "r")
    assert b"[DONE]" not in truncation_event("/v1/chat/completions", "r")
    assert b'"error":{"type":"api_error"' in truncation_event("/v1/messages", "r")
    assert b"event: error\n" in truncation_event("/api/v1/conversations/x/messages", "r")
