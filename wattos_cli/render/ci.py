"""What CI systems understand: annotations, masks and Markdown summaries."""

from collections.abc import Mapping, Sequence


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
    """Return a Markdown table under a heading, for GITHUB_STEP_SUMMARY."""
    lines = [f"### {title}", "", _row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"


def _escaped(text: str, *, property_: bool = False) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if property_ else escaped
