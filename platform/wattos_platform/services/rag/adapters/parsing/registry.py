"""Which parser reads which kind of document; a parser's library is imported when it is first needed."""

from importlib import import_module
from pathlib import Path

from wattos_platform.services.rag.adapters.parsing.parsed import ParsedText, ParseError, storable
from wattos_platform.services.rag.domain.media import MEDIA_TYPES

_PACKAGE = "wattos_platform.services.rag.adapters.parsing"
_PARSERS = {
    "text/plain": ("plain", "parse_text"),
    "text/markdown": ("plain", "parse_markdown"),
    "text/html": ("markup", "parse_html"),
    "application/pdf": ("pdf", "parse_pdf"),
    MEDIA_TYPES[".docx"]: ("word", "parse_docx"),
    "text/csv": ("structured", "parse_csv"),
    "application/json": ("structured", "parse_json"),
}


def parse_document(path: Path, media: str) -> ParsedText:
    """Return the text of the document at `path`.

    ParseError bears the reason for its owner; any other exception is a bug of a parser or its library.
    """
    if not path.stat().st_size:
        raise ParseError("the file is empty")
    module, function = _PARSERS[media]
    parsed: ParsedText = getattr(import_module(f"{_PACKAGE}.{module}"), function)(path)
    return storable(parsed)
