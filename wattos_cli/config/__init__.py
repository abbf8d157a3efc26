"""The configuration of a project: wattos.toml, environment and flags, each value with its origin."""

from wattos_cli.config.load import load
from wattos_cli.config.model import Config, OwnService, Setting

__all__ = ["Config", "OwnService", "Setting", "load"]
