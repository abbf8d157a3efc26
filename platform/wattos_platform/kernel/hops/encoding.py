"""JSON bodies of hops."""

from typing import Any

import msgspec
from pydantic import BaseModel


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    raise TypeError(f"a hop cannot send a {type(value).__name__} as JSON")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)


def encode(value: Any) -> bytes:
    """Return `value` as JSON: plain values, dataclasses, msgspec structs, pydantic models (without None)."""
    return _ENCODER.encode(value)
