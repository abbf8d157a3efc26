"""Personal data replaced by its kind: all places are found in the original text first, then replaced once."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Literal

Kind = Literal["email", "phone", "iban", "card"]
KINDS: tuple[Kind, ...] = ("email", "iban", "card", "phone")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)")
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w.-])(?:\+|00)[1-9](?:[ ()/.-]{0,2}\d){6,13}(?!\w)|"
    r"(?<![\w.-])0[1-9](?:[ ()/-]{0,2}\d){5,11}(?!\w)"
)
_IBAN_LENGTHS = range(15, 35)


def without_personal_data(text: str, kinds: Collection[Kind] = KINDS) -> str:
    """Return `text` with each match of `kinds` replaced by `[EMAIL]`, `[PHONE]`, `[IBAN]` or `[CARD]`.

    Where two overlap, the longer one is replaced, whole. IBANs need their checksum, cards their Luhn digit.
    """
    found = sorted(
        (match for kind in KINDS if kind in kinds for match in _places(text, kind)),
        key=lambda place: (place[0], -place[1]),
    )
    parts: list[str] = []
    at = 0
    for start, end, kind in _without_overlap(found):
        parts += (text[at:start], f"[{kind.upper()}]")
        at = end
    return "".join([*parts, text[at:]])


def _without_overlap(found: list[tuple[int, int, Kind]]) -> Iterator[tuple[int, int, Kind]]:
    held: tuple[int, int, Kind] | None = None
    for place in found:
        if held is None or place[0] >= held[1]:
            if held is not None:
                yield held
            held = place
        elif place[1] > held[1]:
            longer = place if place[1] - place[0] > held[1] - held[0] else held
            held = (held[0], place[1], longer[2])
    if held is not None:
        yield held


def _places(text: str, kind: Kind) -> Iterator[tuple[int, int, Kind]]:
    pattern, length_of = _RULES[kind]
    at = 0
    while match := pattern.search(text, at):
        start, at = match.span()
        if length := length_of(match.group()):
            at = start + length
            yield start, at, kind


def is_iban(candidate: str) -> bool:
    """Return whether the mod-97 checksum of ISO 13616 holds; blanks are ignored."""
    plain = candidate.replace(" ", "")
    if len(plain) not in _IBAN_LENGTHS:
        return False
    digits = "".join(str(int(char, 36)) for char in plain[4:] + plain[:4])
    return int(digits) % 97 == 1


def is_card(candidate: str) -> bool:
    """Return whether the digits end in their Luhn digit (ISO/IEC 7812); blanks and dashes are ignored."""
    digits = [int(char) for char in candidate if char.isdigit()]
    # Every second digit from the right counts double; two digits of a product are added (minus nine).
    products = (digit * (1 + at % 2) for at, digit in enumerate(reversed(digits)))
    total = sum(product - 9 if product > 9 else product for product in products)  # noqa: PLR2004 - Luhn
    return total % 10 == 0 and any(digits)


def _iban_length(candidate: str) -> int:
    """Return the length of the IBAN at the beginning, 0 for none; capitals behind it look like a part."""
    while candidate and not is_iban(candidate):
        candidate = candidate.rpartition(" ")[0]
    return len(candidate)


def _card_length(candidate: str) -> int:
    return len(candidate) if is_card(candidate) else 0


# How much of what the pattern found is to be replaced, 0 for nothing.
_RULES: dict[Kind, tuple[re.Pattern[str], Callable[[str], int]]] = {
    "email": (_EMAIL, len),
    "iban": (_IBAN, _iban_length),
    "card": (_CARD, _card_length),
    "phone": (_PHONE, len),
}
