"""What CI systems understand: annotations, masks and Markdown summaries."""

import re
from collections.abc import Mapping, Sequence

from wattos_cli.render.safe import visible

_MARKUP = re.compile(r"[\\`*\[\]]|<(?=[A-Za-z/!?])")


def annotation(
    environ: Mapping[str, str], level: str, title: str, message: str, place: Mapping[str, str] | None = None
) -> str:
    """Return a GitHub annotation (`error`, `warning`), or nothing outside of GitHub Actions.

    `place` says where in the checkout it belongs: file, line, col.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return ""
    properties = {**(place or {}), "title": title}
    listed = ",".join(f"{name}={_escaped(value, property_=True)}" for name, value in properties.items())
    return f"::{level} {listed}::{_escaped(message)}"


def mask(environ: Mapping[str, str], secret: str) -> str:
    """Return the line that makes GitHub Actions hide `secret` in its log, or nothing elsewhere."""
    return f"::add-mask::{secret}" if environ.get("GITHUB_ACTIONS") == "true" else ""


def markdown_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table under a heading, for GITHUB_STEP_SUMMARY; all of it is text and no markup."""
    lines = [f"### {plain(title)}", "", _row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n\n"


def plain(text: str) -> str:
    """Return text of unknown origin so that Markdown shows it as it is: no tag, no link, no picture."""
    return _MARKUP.sub(lambda found: f"\\{found.group()}", visible(text))


def _row(cells: Sequence[str]) -> str:
    shown = (plain(cell.replace("\n", " ")).replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(shown)} |"


def _escaped(text: str, *, property_: bool = False) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if property_ else escaped
