"""The series of a file: one line of JSON each, names and values of the labels in turn."""

import json
import zlib
from collections.abc import Iterable
from functools import lru_cache

from wattos_cli.metricstore.series import Labels

# A target's files have mostly the same series, so these are few; and a query asks for few of all series.
_DICTIONARIES = 32
_REMEMBERED = 20_000


def packed(texts: Iterable[str]) -> bytes:
    """Return the lines `texts`, compressed; empty for none."""
    lines = "\n".join(texts)
    return zlib.compress(lines.encode(), 6) if lines else b""


@lru_cache(_DICTIONARIES)
def unpacked(data: bytes) -> tuple[str, ...]:
    """Return the lines that `packed` was given; zlib.error when it is something else."""
    return tuple(zlib.decompress(data).decode().split("\n")) if data else ()


def text_of(labels: Labels) -> str:
    """Return `labels` as a line."""
    return json.dumps([part for pair in labels for part in pair], separators=(",", ":"))


@lru_cache(_REMEMBERED)
def labels_of(text: str) -> Labels:
    """Return the labels that `text_of` was given."""
    parts = json.loads(text)
    return tuple(zip(parts[::2], parts[1::2], strict=True))
