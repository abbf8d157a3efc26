"""Personal data never reaches a model from a task; what only looks like it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.agent.domain.redaction import redacted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Write to jane.doe+x@mail.example.com.", "Write to [email].", id="e-mail[defect-69]"),
        pytest.param("Call +49 89 123456-78 now", "Call [phone] now", id="phone-de"),
        pytest.param("Call 0049 (89) 12345678", "Call [phone]", id="phone-00"),
        pytest.param("IBAN DE89 3704 0044 0532 0130 00 OK", "IBAN [iban] OK", id="iban-with-capitals-behind"),
        pytest.param("IBAN DE89370400440532013000.", "IBAN [iban].", id="iban-compact"),
        pytest.param("Card 4111 1111 1111 1111!", "Card [card]!", id="card"),
        pytest.param("Card 4111-1111-1111-1112", "Card 4111-1111-1111-1112", id="not-a-card"),
        pytest.param("IBAN DE00370400440532013000", None, id="not-an-iban"),
        pytest.param("Ticket 2024-11-23 at 10:15, version 3.11.7", None, id="dates-and-versions"),
        pytest.param("user@localhost", None, id="no-domain"),
        pytest.param("a@b.de and a@b.de", "[email] and [email]", id="every-one-of-several"),
    ],
)
def test_what_is_redacted(text: str, expected: str | None) -> None:
    assert redacted(text) == (text if expected is None else expected)


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(redacted(text), str)


@pytest.mark.parametrize(
    "text", ["1 " * 20_000, "+1 " * 20_000, "a@" * 20_000, "DE89 " * 10_000, "a." * 20_000 + "@"]
)
def test_long_texts_end(text: str) -> None:
    assert redacted(text)
