"""The name of an uploaded document: a label, never a path that something opens."""

import re
import unicodedata

MAX_CHARS = 255
_SEPARATORS = re.compile(r"[/\\]+")
_SPACES = re.compile(r"\s+")
_DRIVE = re.compile(r"^[A-Za-z]:")


class NameRefusedError(ValueError):
    """The name has nothing in it that could name a document."""


def document_name(raw: str) -> str:
    """Return `raw` without traversal, drive, control and invisible characters; folders stay (`adr/0001.md`).

    NameRefusedError when nothing is left.
    """
    # Cc, Cf, Cs, Co, Cn: control, bidirectional and other invisible characters, lone surrogates.
    shown = "".join(" " if char in "\t\n\r" else char for char in unicodedata.normalize("NFC", raw))
    shown = "".join(char for char in shown if unicodedata.category(char)[0] != "C")
    parts = (_SPACES.sub(" ", part).strip() for part in _SEPARATORS.split(_DRIVE.sub("", shown)))
    kept = [part for part in parts if part.strip(". ")]
    name = "/".join(kept)
    if len(name) > MAX_CHARS:  # the end bears the extension
        name = name[-MAX_CHARS:].lstrip("/ .")
    if not name:
        raise NameRefusedError("the file has no usable name")
    return name
