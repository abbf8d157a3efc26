"""Personal data in a task, replaced before a model or a search sees it."""

import re

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_EMAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b")
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)\d(?:[ ()/-]{0,2}\d){6,13}(?!\w)")
_CHECK_MODULUS = 97
_NINE = 9
_SHORTEST_IBAN = 15


def redacted(text: str) -> str:
    """Return `text` with e-mail addresses, IBANs, card and international phone numbers replaced.

    IBANs must pass their checksum (ISO 13616, mod 97) and cards theirs (Luhn), so that order numbers stay.
    """
    text = _EMAIL.sub("[email]", text)
    text = _IBAN.sub(_without_iban, text)
    text = _PHONE.sub("[phone]", text)
    return _CARD.sub(lambda match: "[card]" if _card_is_valid(match[0]) else match[0], text)


def _without_iban(match: re.Match[str]) -> str:
    """Return the match with the IBAN at its beginning replaced; capitals behind it may be in it too."""
    groups = match[0].split(" ")
    for end in range(len(groups), 0, -1):
        if _iban_is_valid("".join(groups[:end])):
            return " ".join(["[iban]", *groups[end:]])
    return match[0]


def _iban_is_valid(candidate: str) -> bool:
    if len(candidate) < _SHORTEST_IBAN:
        return False
    digits = "".join(str(int(char, 36)) for char in candidate[4:] + candidate[:4])
    return int(digits) % _CHECK_MODULUS == 1


def _card_is_valid(candidate: str) -> bool:
    digits = [int(char) for char in candidate if char.isdigit()]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - _NINE if doubled > _NINE else doubled
    return total % 10 == 0
