"""What the files of a component are made from."""

from collections.abc import Mapping
from dataclasses import dataclass

from wattos_cli.config.model import Config
from wattos_cli.supervisor.plan import ServicePlan


@dataclass(frozen=True, slots=True)
class Setting:
    """One component beside the others: `api` is HOST:PORT of the supervisor's loopback API.

    `ports` are those of all components that run, by name.
    """

    plan: ServicePlan
    config: Config
    api: str
    ports: Mapping[str, int]
