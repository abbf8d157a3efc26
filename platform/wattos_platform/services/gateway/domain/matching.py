"""Finding a route: the table compiled once, so that a request costs two dictionary look-ups, not a scan."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from wattos_platform.services.gateway.domain.routes import GatewayRoute

_REST = ":path}"
# What could make gateway and upstream read one path differently: dot segments, empty segments, dots and
# back-slashes in percent form, control characters.
_AMBIGUOUS = re.compile(
    rb"(?i)%(?:2e|5c|[01][0-9a-f]|7f)|(?:/|%2f){2}|(?:/|%2f)\.\.?(?:/|%2f|\Z)|[\\\x00-\x20\x7f-\xff]"
)
_ENCODED_SLASH = re.compile(rb"(?i)%2f")


def is_ambiguous(raw_path: bytes) -> bool:
    """Return whether two servers could disagree on which resource this undecoded path names."""
    return _AMBIGUOUS.search(raw_path) is not None


def hides_a_separator(raw_path: bytes, route: GatewayRoute) -> bool:
    """Return whether an encoded slash stands where `route` does not take the rest of the path as one value.

    SDKs encode the slash of a model id such as `meta/llama`; anywhere else it would move segments.
    """
    if b"%" not in raw_path or _ENCODED_SLASH.search(raw_path) is None:
        return False
    prefix, _, parameter = route.path.partition("{")
    fixed = raw_path[: len(prefix)] == prefix.encode()
    return not (fixed and parameter.endswith(_REST) and "/" not in parameter)


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    here: dict[str, GatewayRoute] = field(default_factory=dict)
    rest: dict[str, GatewayRoute] = field(default_factory=dict)


class RouteTable:
    """The compiled table. Literal segments win over `{name}`, which wins over `{name:path}`."""

    def __init__(self, routes: Iterable[GatewayRoute]) -> None:
        self.routes = tuple(routes)
        self._literal: dict[str, dict[str, GatewayRoute]] = {}
        self._root = _Node()
        for route in self.routes:
            self._add(route)

    def find(self, path: str) -> dict[str, GatewayRoute] | None:
        """Return the routes of the decoded `path` by method, or None when the table does not know it."""
        found = self._literal.get(path)
        return found if found is not None else _walk(self._root, path.split("/"), 1)

    def _add(self, route: GatewayRoute) -> None:
        if "{" not in route.path:
            _put(self._literal.setdefault(route.path, {}), route)
        node = self._root
        for segment in route.path.split("/")[1:]:
            if segment.endswith(_REST):
                _put(node.rest, route)
                return
            if segment.startswith("{"):
                node.parameter = node = node.parameter or _Node()
            else:
                node = node.children.setdefault(segment, _Node())
        _put(node.here, route)


def _put(methods: dict[str, GatewayRoute], route: GatewayRoute) -> None:
    if methods.setdefault(route.method, route) is not route:
        raise ValueError(f"two routes for {route.method} {route.path}")


def _walk(node: _Node, segments: list[str], depth: int) -> dict[str, GatewayRoute] | None:
    if depth == len(segments):
        return node.here or None
    segment = segments[depth]
    child = node.children.get(segment)
    if child is not None and (found := _walk(child, segments, depth + 1)):
        return found
    if segment and node.parameter is not None and (found := _walk(node.parameter, segments, depth + 1)):
        return found
    return node.rest if node.rest and segment else None
