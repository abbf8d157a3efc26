"""The text of a Word document (docx) as Markdown; archives that would burst are refused unopened."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
from docx.opc.exceptions import OpcError
from docx.table import Table
from docx.text.paragraph import Paragraph

from wattos_platform.services.rag.adapters.parsing.parsed import ParsedText, ParseError

MAX_MEMBERS = 5000
MAX_UNPACKED_BYTES = 200_000_000
MAX_RATIO = 200
# Small members compress arbitrarily well without harm.
RATIO_FROM_BYTES = 5_000_000
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"


def parse_docx(path: Path) -> ParsedText:
    """Return paragraphs, headings, lists and tables in the document's order.

    ParseError: not a docx, encrypted, damaged, or an archive beyond the limits (a zip bomb).
    """
    with path.open("rb") as file:
        if file.read(4) == _OLE_MAGIC:
            raise ParseError("the document is encrypted or in the old .doc format; save it as an open .docx")
    try:
        check_archive(path)
        document = docx.Document(str(path))
        return ParsedText("\n\n".join(_blocks(document)), has_headings=True)
    except (OpcError, zipfile.BadZipFile, KeyError, ValueError, SyntaxError, NotImplementedError) as error:
        # SyntaxError: lxml's XMLSyntaxError is one.
        raise ParseError(f"not a readable docx ({type(error).__name__})") from error


def check_archive(path: Path) -> None:
    """Raise ParseError if the archive has too many members, unpacks too large or too well.

    The declared sizes bind: zipfile hands out no byte beyond them, and a shorter one fails its checksum.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ParseError(f"the archive has {len(members)} members; the limit is {MAX_MEMBERS}")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED_BYTES:
        raise ParseError(f"the archive unpacks to {unpacked} bytes; the limit is {MAX_UNPACKED_BYTES}")
    for member in members:
        if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * max(
            member.compress_size, 1
        ):
            raise ParseError(f"the archive is a zip bomb: one member unpacks more than {MAX_RATIO}-fold")


def _blocks(document: "docx.document.Document") -> Iterator[str]:
    for item in document.iter_inner_content():
        if isinstance(item, Table):
            yield "\n".join(_rows(item))
        elif item.text.strip():
            yield _paragraph(item)


def _paragraph(item: Paragraph) -> str:
    style = (item.style.name if item.style is not None else "") or ""
    text = item.text.strip()
    if style == "Title":
        return f"# {text}"
    if style.startswith("Heading "):
        level = style.removeprefix("Heading ")
        return f"{'#' * (int(level) if level.isdigit() else 1)} {text}"
    return f"- {text}" if style.startswith("List") else text


def _rows(table: Table) -> Iterator[str]:
    for row in table.rows:
        cells = (" ".join(cell.text.split()) for cell in row.cells)
        yield f"| {' | '.join(cells)} |"
