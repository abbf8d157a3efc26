"""The series of a file: one line of JSON each, names and values of the labels in turn."""

import json
import zlib
from collections.abc import Iterable
from functools import lru_cache

from wattos_cli.metricstore.series import Labels

_REMEMBERED = 20_000


def packed(texts: Iterable[str]) -> bytes:
    """Return the lines `texts`, compressed; empty for none."""
    lines = "\n".join(texts)
    return zlib.compress(lines.encode(), 6) if lines else b""


def unpacked(data: bytes) -> list[str]:
    """Return the lines that `packed` was given; zlib.error when it is something else."""
    return zlib.decompress(data).decode().split("\n") if data else []


def text_of(labels: Labels) -> str:
    """Return `labels` as a line."""
    return json.dumps([part for pair in labels for part in pair], separators=(",", ":"))


@lru_cache(_REMEMBERED)
def labels_of(text: str) -> Labels:
    """Return the labels that `text_of` was given."""
    parts = json.loads(text)
    return tuple(zip(parts[::2], parts[1::2], strict=True))
