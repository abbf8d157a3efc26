"""Breakers over time: a lane each, coloured by state."""

from collections.abc import Iterator, Mapping
from typing import Any

from wattos_cli.render.loadtest.charts.course import end_s, state_kind
from wattos_cli.render.loadtest.charts.plot import labels
from wattos_cli.render.loadtest.charts.scale import Scale, seconds
from wattos_cli.render.markup import Html, element

_KEYS = {"good": "closed", "bad": "open", "warn": "half open"}
_WORD_FROM = 14.0
"""A stretch of so many per cent of the width has room for its state's name."""


def lanes(result: Mapping[str, Any]) -> Html:
    """Return the figure; nothing if no breaker changed its state."""
    if not result["breakers"]:
        return Html()
    x = seconds(end_s(result))
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(result["breakers"], key=lambda row: float(row["at_s"])):
        by_name.setdefault(f"{row['service']}-{row['replica']} {row['name']}", []).append(row)
    keys = (element("li", element("i", class_=f"key {kind}"), told) for kind, told in _KEYS.items())
    return element(
        "figure",
        element("figcaption", element("h3", "Breakers"), element("ul", *keys, class_="legend")),
        *(
            element(
                "div",
                element("p", name),
                element("div", *_stretches(changes, x), class_="lane"),
            )
            for name, changes in sorted(by_name.items())
        ),
        element("div", *labels(x, "left"), class_="xs", aria_hidden="true"),
        class_="chart lanes",
    )


def _stretches(changes: list[Mapping[str, Any]], x: Scale) -> Iterator[Html]:
    """Yield a coloured stretch per state; before its first change a breaker was in the state that it left."""
    moments = [0.0, *(max(row["at_s"], 0.0) for row in changes), x.high]
    states = [str(changes[0]["from"]), *(str(row["to"]) for row in changes)]
    for state, start_s, until_s in zip(states, moments, moments[1:], strict=False):
        left, width = x.place(start_s), x.place(until_s) - x.place(start_s)
        told = state.replace("_", " ")
        yield element(
            "span",
            told if width >= _WORD_FROM else "",
            class_=f"stretch {state_kind(state)}",
            style=f"left:{left:.2f}%;width:{width:.2f}%",
            title=f"{told} from {start_s:.1f} s to {until_s:.1f} s",
        )
