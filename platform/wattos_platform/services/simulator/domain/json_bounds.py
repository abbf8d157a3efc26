"""The least text and the least number within the bounds of a schema."""

import math
from collections.abc import Mapping
from typing import Any

_TEXT = "text"
_LONGEST = 10_000
_FORMATS = {
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "date-time": "2026-01-01T00:00:00Z",
    "duration": "PT1S",
    "email": "someone@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def least_text(schema: Mapping[str, Any]) -> str:
    """Return a text of the schema's format and length, of 10,000 characters at most."""
    text = _FORMATS.get(str(schema.get("format")), _TEXT)
    text += "x" * (min(whole_number(schema.get("minLength")), _LONGEST) - len(text))
    return text[: whole_number(schema.get("maxLength"))] if "maxLength" in schema else text


def least_number(schema: Mapping[str, Any], *, whole: bool) -> float:
    """Return the least number from the lower bound on, 0 without one; the upper bound where that is below 0.

    Next to an exclusive bound lies the next step: of multipleOf, else of 1.
    """
    step = _number(schema.get("multipleOf")) or 1
    least = _bound(schema, "minimum", "exclusiveMinimum", step)
    most = _bound(schema, "maximum", "exclusiveMaximum", -step)
    if least is None:
        value = min(0, 0 if most is None else most)
        value = math.floor(value / step) * step
    else:
        value = math.ceil(least / step) * step
    return int(value) if whole else value


def whole_number(value: Any) -> int:
    """Return a length or a number of items, 0 for what is none."""
    number = _number(value)
    return 0 if number is None else max(int(number), 0)


def _bound(schema: Mapping[str, Any], inclusive: str, exclusive: str, step: float) -> float | None:
    bounds = [_number(schema.get(inclusive))]
    beyond = _number(schema.get(exclusive))
    bounds.append(None if beyond is None else beyond + step)
    known = [bound for bound in bounds if bound is not None]
    return (max(known) if step > 0 else min(known)) if known else None


def _number(value: Any) -> float | None:
    """Return a number that can be counted with, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1 << 53:
        return None
    return value
