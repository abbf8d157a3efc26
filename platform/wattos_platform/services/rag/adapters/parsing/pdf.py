"""The text of a PDF, page by page."""

from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from wattos_platform.services.rag.adapters.parsing.parsed import MAX_TEXT_CHARS, ParsedText, ParseError

MAX_PAGES = 5000


def parse_pdf(path: Path) -> ParsedText:
    """Return the text of all pages, separated by blank lines. Pictures are not read (no OCR).

    ParseError: damaged, encrypted with a password, no text, too many pages.
    """
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ParseError("the PDF is encrypted; remove its password and upload it again")
        return ParsedText(_pages(reader))
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        # What pypdf raises on damaged files is not limited to its own errors.
        raise ParseError(f"the PDF is damaged ({type(error).__name__})") from error
    except RecursionError as error:
        raise ParseError("the PDF is nested too deeply") from error


def _pages(reader: PdfReader) -> str:
    count = len(reader.pages)
    if count > MAX_PAGES:
        raise ParseError(f"the PDF has {count} pages; the limit is {MAX_PAGES}")
    texts: list[str] = []
    total = 0
    for page in reader.pages:
        texts.append(page.extract_text().strip())
        total += len(texts[-1])
        if total > MAX_TEXT_CHARS:
            raise ParseError(f"the PDF has more than {MAX_TEXT_CHARS} characters of text")
    if not total:
        raise ParseError("the PDF has no text; scanned pages need OCR first")
    return "\n\n".join(text for text in texts if text)
