"""The result of a load test (a document of `wattos.loadtest/v1`) as table, Markdown, JUnit and HTML."""

from wattos_cli.render.loadtest.pipeline import (
    annotations,
    as_junit,
    as_markdown,
    comparison_as_junit,
    comparison_as_markdown,
)
from wattos_cli.render.loadtest.summary import comparison_summary, limits, summary
from wattos_cli.render.loadtest.table import as_table, comparison

__all__ = [
    "annotations",
    "as_junit",
    "as_markdown",
    "as_table",
    "comparison",
    "comparison_as_junit",
    "comparison_as_markdown",
    "comparison_summary",
    "limits",
    "summary",
]
