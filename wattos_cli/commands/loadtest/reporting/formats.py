"""One result, four reports: what `run --report DIR` and `report FILE` write."""

from collections.abc import Callable, Mapping
from typing import Any

Document = Mapping[str, Any]
Form = Callable[[Document], str]


def html(document: Document) -> str:
    """Return the report for a browser, in one file."""
    from wattos_cli.render.loadtest.html import as_html

    return as_html(document)


def markdown(document: Document) -> str:
    """Return the summary for a pipeline's page."""
    from wattos_cli.render import loadtest

    return loadtest.as_markdown(document)


def junit(document: Document) -> str:
    """Return JUnit XML."""
    from wattos_cli.render import loadtest

    return loadtest.as_junit(document)


REPORTS: Mapping[str, Form] = {
    "junit.xml": junit,
    "summary.md": markdown,
    "report.html": html,
}
"""What lies beside result.json in the folder of --report."""
