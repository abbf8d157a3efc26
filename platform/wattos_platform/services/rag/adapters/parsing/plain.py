"""Plain text and Markdown, and the decoding that every textual format shares."""

import codecs
from pathlib import Path

from wattos_platform.services.rag.adapters.parsing.parsed import ParsedText, ParseError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that one's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(raw: bytes, declared: str | None = None) -> str:
    """Return the text of `raw`: by its byte-order mark, else by `declared`, else as UTF-8.

    ParseError names the first byte that does not fit; a wrong guess would store garbage without a word.
    """
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), declared or "utf-8")
    if encoding in {"utf-8", "utf-8-sig"} and b"\x00" in raw:
        raise ParseError("this is not text: it has NUL bytes")
    try:
        return raw.decode(encoding)
    except LookupError as error:
        raise ParseError(
            f"the declared encoding {encoding!r} is unknown; save the document as UTF-8"
        ) from error
    except UnicodeDecodeError as error:
        raise ParseError(
            f"not valid {encoding}: byte 0x{raw[error.start]:02x} at position {error.start}; save it as UTF-8"
        ) from error


def parse_text(path: Path) -> ParsedText:
    """Return the text of a plain text file, unchanged but for a byte-order mark."""
    return ParsedText(decode(path.read_bytes()))


def parse_markdown(path: Path) -> ParsedText:
    """Return the text of a Markdown file, unchanged but for a byte-order mark."""
    return ParsedText(decode(path.read_bytes()), has_headings=True)
