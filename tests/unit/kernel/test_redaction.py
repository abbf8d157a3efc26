"""Secrets are taken out of log records, and nothing else is."""

import pytest

from wattos_platform.kernel.redaction import REDACTED, redact, redact_text

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
CORPUS = {
    "bearer": ("Authorization: Bearer abcdef123456", "abcdef123456"),
    "basic": ("basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    "openai-key": ("key sk-proj-abcdefghijklmnop1234", "abcdefghijklmnop1234"),
    "own-key": ("used wk_0123456789abcdef0123", "0123456789abcdef0123"),
    "jwt": (f"token was {JWT} ok", JWT),
    "dsn": ("postgresql://wattos:s3cret@db:5432/x", "s3cret"),
    "redis": ("redis://:hunter22@127.0.0.1:6379/0", "hunter22"),
    "query": ("GET /x?api_key=abc123def&y=1", "abc123def"),
    "assignment": ("password='hunter2'", "hunter2"),
    "json": ('{"password": "hunter2"}', "hunter2"),
    "pem": ("-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----", "MIIabc"),
    "github": ("ghp_abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"),
    "google": ("AIzaSyA1234567890abcdefghij", "SyA1234567890abcdefghij"),
}


@pytest.mark.parametrize(("text", "secret"), CORPUS.values(), ids=[f"defect-34-{name}" for name in CORPUS])
def test_secrets_are_gone_from_text(text: str, secret: str) -> None:
    got = redact_text(text)
    assert secret not in got
    assert REDACTED in got


@pytest.mark.parametrize(
    "text",
    [
        "the question of 3 tokens",
        "route /v1/chat/completions",
        "https://example.org/a?b=c",
        "keyboard secretary",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "key",
    [
        "authorization",
        "Authorization",
        "set-cookie",
        "db_password",
        "api_key",
        "jwt_secret",
        "x-wattos-identity",
    ],
)
def test_secret_fields_are_redacted_whatever_their_value(key: str) -> None:
    assert redact({"headers": {key: "x"}}) == {"headers": {key: REDACTED}}


def test_counts_and_names_that_only_sound_secret_are_kept() -> None:
    fields = {"input_tokens": 12, "max_tokens": "12", "token_count": 3, "tokenizer": "bert", "key": "value"}
    assert redact(fields) == fields


def test_deep_and_cyclic_values_end() -> None:
    cycle: dict[str, object] = {"name": "a"}
    cycle["self"] = cycle
    assert "name" in redact(cycle)
