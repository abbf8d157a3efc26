"""Fields of a request's body, checked one by one; a Refusal names the field as its caller wrote it.

`at` is the path of the object that holds the field, "" for the body itself. A field that is absent or null is
no mistake: None comes back.
"""

from collections.abc import Collection, Mapping
from typing import Any

from wattos_platform.services.llm_gateway.domain.refusals import Refusal, missing, wrong


def path(at: str, name: str) -> str:
    """Return the full name of a field."""
    return f"{at}.{name}" if at else name


def whole(body: Any) -> dict[str, Any]:
    """Return a request's decoded body, which must be an object."""
    if not isinstance(body, dict):
        raise wrong("body", "must be a JSON object")
    return body


def number(body: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    """Return a number from `low` to `high`."""
    value: float | None = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise wrong(name, f"must be a number from {low:g} to {high:g}")
    return value


def count(body: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """Return a whole number from `least` to `most`."""
    value: int | None = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise wrong(name, f"must be a whole number from {least} to {most}")
    return value


def flag(body: Mapping[str, Any], name: str, at: str = "") -> bool | None:
    """Return true or false."""
    value: bool | None = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise wrong(path(at, name), "must be true or false")
    return value


def text(body: Mapping[str, Any], name: str, at: str = "") -> str | None:
    """Return a text."""
    value: str | None = body.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong(path(at, name), "must be text")
    return value


def needed_text(body: Mapping[str, Any], name: str, at: str = "") -> str:
    """Return a text that must be there."""
    value = text(body, name, at)
    if value is None:
        raise missing(path(at, name))
    return value


def name(body: Mapping[str, Any], field: str, at: str = "") -> str:
    """Return a text that must be there and not be empty."""
    value = needed_text(body, field, at)
    if not value:
        raise wrong(path(at, field), "must not be empty")
    return value


def choice(body: Mapping[str, Any], name: str, allowed: Collection[str], at: str = "") -> str | None:
    """Return one of the texts `allowed`."""
    value = text(body, name, at)
    if value is not None and value not in allowed:
        raise wrong(path(at, name), f"must be one of {', '.join(sorted(allowed))}")
    return value


def mapping(body: Mapping[str, Any], name: str, at: str = "") -> dict[str, Any] | None:
    """Return an object."""
    value: dict[str, Any] | None = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise wrong(path(at, name), "must be an object")
    return value


def objects(body: Mapping[str, Any], name: str, at: str = "") -> list[tuple[str, dict[str, Any]]] | None:
    """Return a list of objects, each with its full name."""
    given = body.get(name)
    if given is None:
        return None
    full = path(at, name)
    if not isinstance(given, list):
        raise wrong(full, "must be a list")
    found = []
    for number, item in enumerate(given):
        if not isinstance(item, dict):
            raise wrong(f"{full}[{number}]", "must be an object")
        found.append((f"{full}[{number}]", item))
    return found


def texts(body: Mapping[str, Any], name: str) -> list[str] | None:
    """Return a list of texts."""
    given: list[str] | None = body.get(name)
    if given is None:
        return None
    if not isinstance(given, list):
        raise wrong(name, "must be a list of texts")
    for number, item in enumerate(given):
        if not isinstance(item, str):
            raise wrong(f"{name}[{number}]", "must be text")
    return given


def include_usage(body: Mapping[str, Any], *, stream: bool) -> bool:
    """Return whether `stream_options` of OpenAI's chat and completions asks for the usage."""
    options = mapping(body, "stream_options")
    if options is None:
        return False
    if not stream:
        raise wrong("stream_options", "is allowed only when stream is true")
    return bool(flag(options, "include_usage", "stream_options"))


def only(body: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse the first field that is not `known`: what cannot be translated must not be lost in silence."""
    for field in body:
        if field not in known:
            raise Refusal(
                "unknown_parameter",
                f"{field[:80]}: this gateway does not know this parameter.",
                param=field[:80],
            )


def unsupported(param: str, reason: str) -> Refusal:
    """Return the refusal of a field that cannot be honoured; `reason` says why, and what to do instead."""
    return Refusal("unsupported_parameter", f"{param}: {reason}", param=param)
