"""HTML from elements: what is not markup already is escaped, so that measured text stays text."""

from collections.abc import Iterable
from html import escape

from wattos_cli.render.safe import visible

_VOID = frozenset({"meta", "br", "col"})


class Html(str):
    """Markup; every other `str` is text."""

    __slots__ = ()


def element(name: str, /, *content: str, **attributes: str | float | bool | None) -> Html:
    """Return an element; `class_` and `data_x` become `class` and `data-x`, None and False are left out."""
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{together(content)}</{name}>")


def together(parts: Iterable[str]) -> Html:
    """Return the parts one after the other; text is escaped, and cannot reorder what is around it."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts))


def text(value: str) -> Html:
    """Return text as markup that shows it."""
    return Html(escape(visible(value)))


def _attribute(key: str, value: str | float | bool | None) -> str:  # noqa: FBT001 - as in HTML
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    told = f"{value:.5g}" if isinstance(value, float) else str(value)
    return f' {name}="{escape(visible(told))}"'
