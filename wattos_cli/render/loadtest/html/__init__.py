"""The report of a load test for a browser: one file that needs no network."""

from wattos_cli.render.loadtest.html.page import as_html

__all__ = ["as_html"]
