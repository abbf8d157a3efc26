"""The page of a load test, read as a browser reads it."""

from html.parser import HTMLParser
from typing import Any

from loadtests.bench.synthetic_runs import result_of
from wattos_cli.loadtest.result.document import document
from wattos_cli.render.loadtest.html import as_html


class Page(HTMLParser):
    """Reads a page: whether every tag is closed, what it holds, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"script", "style"}:
            self.text.append(data)

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    def drawn(self, kind: str) -> list[str]:
        return [str(each["d"]) for each in self.of("path") if kind in str(each.get("class")).split()]


def page_of(result: dict[str, Any]) -> Page:
    page = Page(as_html(document(result_of(result))))
    assert page.open == []
    return page


def told(page: Page) -> str:
    return " ".join(" ".join(page.text).split())
