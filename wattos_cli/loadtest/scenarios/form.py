"""A scenario as thresholds.toml has it."""

from typing import Annotated

from pydantic import AfterValidator, Field

from wattos_cli.config.forms import Form, Seconds
from wattos_cli.loadtest.judging.thresholds import checked

_Name = Annotated[str, Field(min_length=1)]


class ScenarioForm(Form):
    """`[NAME]`: journeys with their weights, how many users take them, for how long, and what must hold."""

    description: str = ""
    journeys: Annotated[dict[str, Annotated[int, Field(strict=True, ge=1)]], Field(min_length=1)]
    services: tuple[_Name, ...] = ()
    models: tuple[_Name, ...] = ()
    users: Annotated[int, Field(strict=True, ge=1)]
    spawn_rate: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None = None
    duration: Seconds
    thresholds: tuple[Annotated[str, AfterValidator(checked)], ...] = ()
