"""Knowledge spaces by name."""

from typing import Any

from wattos_cli.clients.refusals import part
from wattos_cli.config.problems import suggestion
from wattos_cli.deps import Gateway
from wattos_cli.errors import ExitCode, WattosError

DEFAULT = "default"
_PATH = "/api/v1/knowledge-spaces"
_CONFLICT = 409
_MAX_PAGES = 100


def space_id(gateway: Gateway, name: str, *, create: bool) -> str:
    """Return the id of the space called `name`; the default one, or any with `create`, is made if missing.

    WattosError (exit 1) names the spaces there are.
    """
    spaces = _all(gateway)
    if name in spaces:
        return spaces[name]
    if not create and name != DEFAULT:
        raise WattosError(
            f"there is no knowledge space {name!r}.{suggestion(name, spaces)}",
            hint=f"fill it with: wattos ingest PATH --space {name}",
            code="space_not_found",
            details={"space": name},
        )
    try:
        return str(part(gateway.json("POST", _PATH, {"name": name}), "id"))
    except WattosError as error:
        if error.details.get("status") != _CONFLICT:
            raise
        made_meanwhile = _all(gateway).get(name)
        if made_meanwhile is None:
            raise
        return made_meanwhile


def _all(gateway: Gateway) -> dict[str, str]:
    """Return the id of every space by name."""
    spaces: dict[str, str] = {}
    path = _PATH
    for _ in range(_MAX_PAGES):
        page: dict[str, Any] = gateway.json("GET", path)
        spaces |= {str(part(item, "name")): str(part(item, "id")) for item in part(page, "items")}
        if not page.get("next_cursor"):
            return spaces
        path = f"{_PATH}?cursor={page['next_cursor']}"
    raise WattosError(
        f"more than {_MAX_PAGES} pages of knowledge spaces",
        hint="name fewer spaces, or use the API",
        code="too_many_spaces",
        exit_code=ExitCode.NO,
    )
