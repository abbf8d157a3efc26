"""Personal data is replaced by its kind, whole; what only looks like it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.kernel.personal_data import KINDS, is_card, is_iban, without_personal_data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail max@firma.de, Tel. +49 170 1234567.", "Mail [EMAIL], Tel. [PHONE]."),
        ("Write to jane.doe+x@mail.example.com.", "Write to [EMAIL]."),
        ("a@b.de and a@b.de", "[EMAIL] and [EMAIL]"),
        ("a|b@c.de x", "a|[EMAIL] x"),
        ("call+49301234567 or (+49301234567)", "call+49301234567 or ([PHONE])"),
        ("Call +49 89 123456-78 now", "Call [PHONE] now"),
        ("Call 0049 (89) 12345678", "Call [PHONE]"),
        ("Tel 030/1234567", "Tel [PHONE]"),
        ("DE89 3704 0044 0532 0130 00 zahlen", "[IBAN] zahlen"),
        ("DE89 3704 0044 0532 0130 00 BIC COBADEFF", "[IBAN] BIC COBADEFF"),
        ("DE89370400440532013000 GB82 WEST 1234 5698 7654 32", "[IBAN] [IBAN]"),
        ("Karte 4111 1111 1111 1111", "Karte [CARD]"),
    ],
    ids=lambda value: f"{value[:12]}-defect-62",
)
def test_personal_data_is_replaced_whole(text: str, expected: str) -> None:
    assert without_personal_data(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("DE00 3704 5544 9532 8130 77 zahlen", id="not-an-iban-defect-62"),
        pytest.param("IBAN DE00370400440532013000", id="not-a-compact-iban-defect-62"),
        pytest.param("Nummer 4111 1111 1111 1112", id="not-a-card-defect-62"),
        pytest.param("Card 4111-1111-1111-1112", id="not-a-card-with-dashes-defect-62"),
        pytest.param("PLZ 26121, im Jahr 2026", id="postal-code-defect-62"),
        pytest.param("Ticket 2024-11-23 at 10:15, version 3.11.7", id="dates-and-versions-defect-62"),
        pytest.param("user@localhost", id="no-domain-defect-62"),
    ],
)
def test_what_only_looks_like_personal_data_stays(text: str) -> None:
    assert without_personal_data(text) == text


def test_only_the_kinds_asked_for_are_replaced() -> None:
    assert without_personal_data("a@b.de, +49 170 1234567", ["phone"]) == "a@b.de, [PHONE]"


@given(st.text(alphabet="a@.d e+4901 -DE89", max_size=80))
def test_redaction_only_ever_replaces_whole_places(text: str) -> None:
    rest = without_personal_data(text)

    for kind in KINDS:
        rest = rest.replace(f"[{kind.upper()}]", "")
    assert "[" not in rest
    assert without_personal_data(text, ()) == text


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(without_personal_data(text), str)


@pytest.mark.parametrize(
    "text", ["1 " * 20_000, "+1 " * 20_000, "a@" * 20_000, "DE89 " * 10_000, "a." * 20_000 + "@"]
)
def test_long_texts_end(text: str) -> None:
    assert without_personal_data(text)


def test_checksums() -> None:
    assert is_iban("GB82 WEST 1234 5698 7654 32")
    assert not is_iban("GB82 WEST 1234 5698 7654 33")
    assert is_card("5500-0000-0000-0004")
    assert not is_card("0000 0000 0000 0000")
