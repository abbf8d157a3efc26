"""The configuration of a project: wattos.toml, environment and flags, each value with its origin."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wattos_cli.config.loading import load
    from wattos_cli.config.model import Config, OwnService, Setting

__all__ = ["Config", "OwnService", "Setting", "load"]


def __getattr__(name: str) -> Any:
    """Import on first use: `ps` and `health` only need a duration from this package."""
    if name == "load":
        from wattos_cli.config.loading import load

        return load
    if name in __all__:
        from wattos_cli.config import model

        return getattr(model, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
