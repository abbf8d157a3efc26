"""How a setting is declared: a field that is read from environment variables, with its reason to be."""

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field


class Group(BaseModel):
    """Settings that belong together; only the whole of them is ever built and read."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, defer_build=True)


def variable(*names: str, default: Any, description: str, **limits: Any) -> Any:
    """Return a field that takes the first of the variables `names` that is set, within `limits`."""
    return Field(default=default, validation_alias=AliasChoices(*names), description=description, **limits)
