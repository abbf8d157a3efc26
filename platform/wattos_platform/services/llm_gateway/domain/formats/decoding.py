"""Provider's bytes as typed values, or the failure that says what was wrong with them."""

from typing import TypeVar

import msgspec

from wattos_platform.services.llm_gateway.domain.failures import nonsense

T = TypeVar("T")
_LF, _CR = b"\n\r"


def decoded(decoder: "msgspec.json.Decoder[T]", raw: bytes, provider: str, what: str) -> T:
    """Return `raw` (JSON, all of it UTF-8) as the decoder's type; ProviderFailure that calls it `what`."""
    try:
        if not raw.isascii():
            raw.decode()  # the decoder passes over strings that no field asks for
        return decoder.decode(raw)
    except msgspec.ValidationError:
        raise nonsense(provider, f"{what} of another shape") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise nonsense(provider, f"{what} that is not JSON") from None


def error_body(raw: bytes) -> object:
    """Return the body of an answer with an error status decoded; None where it is not JSON."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def one_line(raw: bytes) -> bytes:
    """Return the JSON text `raw` without line breaks, as it must be inside a stream; often `raw` itself."""
    if _LF not in raw and _CR not in raw:
        return raw
    return msgspec.json.format(raw, indent=-1)
