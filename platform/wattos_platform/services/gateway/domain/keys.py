"""API keys: `wk_`, 40 random characters, 6 of a checksum. Only a key's SHA-256 is ever stored."""

import hmac
import zlib
from collections.abc import Callable
from hashlib import sha256
from string import ascii_letters, digits

PREFIX = "wk_"
RANDOM_CHARS = 40
_CHECKSUM_CHARS = 6
_LENGTH = len(PREFIX) + RANDOM_CHARS + _CHECKSUM_CHARS
_ALPHABET = digits + ascii_letters
_BASE = len(_ALPHABET)
_FAIR = 256 - 256 % _BASE


def new_key(random_bytes: Callable[[int], bytes]) -> str:
    """Return a fresh key of 238 random bits drawn from `random_bytes` (os.urandom)."""
    chars: list[str] = []
    while len(chars) < RANDOM_CHARS:
        # Bytes above the last whole multiple of 62 would make some characters likelier than others.
        chars += [_ALPHABET[byte % _BASE] for byte in random_bytes(RANDOM_CHARS) if byte < _FAIR]
    body = "".join(chars[:RANDOM_CHARS])
    return PREFIX + body + _checksum(body)


def is_well_formed(key: str) -> bool:
    """Return whether `key` can be ours: a mistyped or cut key is refused without asking the database."""
    if len(key) != _LENGTH or not key.startswith(PREFIX) or not key.isascii():
        return False
    body = key[len(PREFIX) : -_CHECKSUM_CHARS]
    return body.isalnum() and hmac.compare_digest(key[-_CHECKSUM_CHARS:], _checksum(body))


def fingerprint(key: str) -> str:
    """Return the SHA-256 of `key` in hex: what is stored, and what is looked up."""
    return sha256(key.encode()).hexdigest()


def _checksum(body: str) -> str:
    value = zlib.crc32(body.encode())
    chars = []
    for _ in range(_CHECKSUM_CHARS):
        value, rest = divmod(value, _BASE)
        chars.append(_ALPHABET[rest])
    return "".join(chars)
