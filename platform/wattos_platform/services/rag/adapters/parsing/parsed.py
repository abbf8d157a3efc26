"""What a parser returns, and how it refuses a document."""

from dataclasses import dataclass

MAX_TEXT_CHARS = 20_000_000


class ParseError(Exception):
    """The document cannot be read; the message is the reason its owner is shown."""


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A document's text; `has_headings` when it is Markdown, by nature or made so by the parser."""

    text: str
    has_headings: bool = False


def storable(parsed: ParsedText) -> ParsedText:
    """Return `parsed` without NULs and lone surrogates; ParseError if it has no text, or too much."""
    text = parsed.text.replace("\x00", "").encode("utf-8", "replace").decode()
    if not text.strip():
        raise ParseError("the document has no text")
    if len(text) > MAX_TEXT_CHARS:
        raise ParseError(f"the document has {len(text)} characters of text; the limit is {MAX_TEXT_CHARS}")
    return ParsedText(text, parsed.has_headings)
