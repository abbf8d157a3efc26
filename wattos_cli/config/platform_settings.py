"""The services' own settings (`[settings]` in wattos.toml): their names, variables and validation.

Imports pydantic, so `load` comes here only when there is something to validate.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic_core import PydanticUndefined

from wattos_cli.config.schema import NOT_SETTABLE, SECRETS
from wattos_platform.contracts.settings import Settings


@dataclass(frozen=True, slots=True)
class PlatformSetting:
    """One setting of the services; `variables` are the names of its environment variables, best first."""

    name: str
    variables: tuple[str, ...]
    default: Any
    description: str
    secret: bool
    json_schema: Mapping[str, Any]


@cache
def all_settings() -> Mapping[str, PlatformSetting]:
    """Return every setting that a user may set, by its name in `[settings]`."""
    return {setting.name: setting for setting in _settings()}


def _settings() -> Iterator[PlatformSetting]:
    schemas = Settings.model_json_schema(by_alias=False)["properties"]
    for name, info in Settings.model_fields.items():
        if name in NOT_SETTABLE:
            continue
        alias = info.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias or name.upper()]
        variables = tuple(str(choice) for choice in choices)
        yield PlatformSetting(
            name=name,
            variables=variables,
            default=None if info.default is PydanticUndefined else info.default,
            description=info.description or "",
            secret=bool(set(variables) & set(SECRETS)) or "SecretStr" in str(info.annotation),
            json_schema={key: value for key, value in schemas[name].items() if key != "title"},
        )


def variable_of(name: str) -> str:
    """Return the variable under which services read setting `name`: the seed's name where there is one."""
    variables = all_settings()[name].variables
    return next((v for v in variables if not v.startswith("WATTOS_")), variables[0])


def by_variable() -> Mapping[str, str]:
    """Return the setting's name for every variable that sets one."""
    return {variable: s.name for s in all_settings().values() for variable in s.variables}


def mistakes(environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (variable, reason) for each variable of `environ` that no service would accept."""
    known = by_variable()
    relevant = {name: value for name, value in environ.items() if name in known and value != ""}
    try:
        Settings.model_validate(relevant)
    except ValidationError as error:
        return [(str(e["loc"][0]), reason(e["msg"], e.get("ctx"))) for e in error.errors(include_url=False)]
    return []


def reason(message: str, context: Mapping[str, Any] | None) -> str:
    """Return pydantic's message in one plain sentence; the value is left out, it may be a secret."""
    text = message[:1].lower() + message[1:]
    text = text.removeprefix("value error, ")
    pattern = (context or {}).get("pattern")
    return f"must look like {pattern}" if pattern else text


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it; secrets stay masked."""
    if isinstance(value, SecretStr):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
