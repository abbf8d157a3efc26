"""Which series a ratio keeps: by the hash of their labels, so the same ones as Prometheus, in every query."""

from collections.abc import Iterator

from wattos_cli.metricstore.series import Labels

_MASK = (1 << 64) - 1
_P1 = 11400714785074694791
_P2 = 14029467366897019727
_P3 = 1609587929392839161
_P4 = 9650029242287828579
_P5 = 2870177450012600261
_BLOCK, _WORD, _HALF = 32, 8, 4
_LONG = 0xFF
"""A length from here on takes three more bytes."""


def sampled(labels: Labels, ratio: float) -> bool:
    """Return whether a series of `labels` is in the share: the lower part for a positive ratio."""
    offset = xxhash64(b"".join(_bytes(labels))) / float(_MASK)
    return offset < ratio if ratio >= 0 else offset >= 1.0 + ratio


def _bytes(labels: Labels) -> Iterator[bytes]:
    for name, value in labels:
        for text in (name, value):
            raw = text.encode()
            yield _length(len(raw))
            yield raw


def _length(size: int) -> bytes:
    if size < _LONG:
        return bytes([size])
    return b"\xff" + size.to_bytes(3, "little")


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _round(running: int, lane: int) -> int:
    return _rotate((running + lane * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes) -> int:
    """Return the xxHash64 of `data` with seed 0. Source: the specification of xxHash."""
    position = 0
    if len(data) >= _BLOCK:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while position + _BLOCK <= len(data):
            for n in range(4):
                lanes[n] = _round(lanes[n], int.from_bytes(data[position : position + 8], "little"))
                position += 8
        running = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            running = ((running ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        running = _P5
    return _finish((running + len(data)) & _MASK, data[position:])


def _finish(running: int, rest: bytes) -> int:
    while len(rest) >= _WORD:
        running ^= _round(0, int.from_bytes(rest[:8], "little"))
        running = (_rotate(running, 27) * _P1 + _P4) & _MASK
        rest = rest[8:]
    if len(rest) >= _HALF:
        running ^= int.from_bytes(rest[:4], "little") * _P1 & _MASK
        running = (_rotate(running, 23) * _P2 + _P3) & _MASK
        rest = rest[4:]
    for byte in rest:
        running ^= byte * _P5 & _MASK
        running = _rotate(running, 11) * _P1 & _MASK
    running = (running ^ (running >> 33)) * _P2 & _MASK
    running = (running ^ (running >> 29)) * _P3 & _MASK
    return running ^ (running >> 32)
