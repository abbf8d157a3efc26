"""The roles that come with the product, from their file."""

import tomllib
from importlib.resources import files

from wattos_platform.services.agent.domain.roles import Role, parse_roles


def bundled_roles() -> dict[str, Role]:
    """Return the bundled roles by id, in the order of the file; RoleError if it is not usable."""
    text = files("wattos_platform.services.agent").joinpath("roles.toml").read_text(encoding="utf-8")
    return parse_roles(tomllib.loads(text))
