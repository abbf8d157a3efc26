"""HTML as Markdown: headings, lists, tables and code stay; scripts, styles and navigation go."""

import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from wattos_platform.services.rag.adapters.parsing.parsed import ParsedText, ParseError
from wattos_platform.services.rag.adapters.parsing.plain import decode

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_-]{1,40})", re.IGNORECASE)
_DROPPED = ("script", "style", "noscript", "template", "nav", "svg", "head > :not(title)", "iframe", "form")
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_BLOCKS = frozenset(
    """p div section article main header footer aside ul ol dl table blockquote figure figcaption address
    details summary body html hr""".split()  # noqa: SIM905 - a word list reads better as text
)
_HEAD_BYTES = 4096
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_BLANKS = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")


def parse_html(path: Path) -> ParsedText:
    """Return the readable text of an HTML page as Markdown."""
    raw = path.read_bytes()
    declared = _CHARSET.search(raw[:_HEAD_BYTES])
    tree = LexborHTMLParser(decode(raw, declared.group(1).decode("ascii").lower() if declared else None))
    tree.strip_tags(list(_DROPPED), recursive=True)
    title = tree.css_first("title")
    body = tree.body
    if body is None:
        raise ParseError("the page has no body")
    text = _BLANKS.sub("\n\n", "".join(_render(body))).strip()
    if title is not None and title.text(strip=True) and tree.css_first("h1") is None:
        text = f"# {title.text(strip=True)}\n\n{text}"
    return ParsedText(text, has_headings=True)


def _render(root: LexborNode) -> Iterator[str]:
    """Walk the tree without recursion: a page may nest a hundred thousand elements deep."""
    stack: list[LexborNode | str] = [root]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
            continue
        if item.tag == "-text":
            yield _SPACES.sub(" ", item.text_content or "")
            continue
        before, inside, after = _frame(item)
        yield before
        if inside is not None:
            yield inside
        else:
            stack.append(after)
            stack.extend(reversed(list(item.iter(include_text=True))))
            continue
        yield after


def _frame(node: LexborNode) -> tuple[str, str | None, str]:
    """Return what stands before a node, its text when that is taken as a whole, and what stands after."""
    tag = node.tag or ""
    if tag in _HEADINGS:
        return "\n\n" + _HEADINGS[tag], _SPACES.sub(" ", node.text()).strip(), "\n\n"
    if tag == "pre":
        return "\n\n```\n", node.text().strip("\n"), "\n```\n\n"
    if tag == "tr":
        cells = [_SPACES.sub(" ", cell.text()).strip() for cell in node.iter() if cell.tag in {"td", "th"}]
        return "\n", f"| {' | '.join(cells)} |" if cells else "", ""
    framed = {"li": ("\n- ", ""), "br": ("\n", ""), "dt": ("\n", ""), "dd": ("\n", ""), "title": ("", "")}
    before, after = framed.get(tag, ("\n\n", "\n\n") if tag in _BLOCKS else ("", ""))
    return before, None, after
