"""What a service reads from its environment; docs/reference/configuration.md is made from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import ConfigDict, ValidationError

from wattos_platform.contracts.metrics import OTEL_GENAI
from wattos_platform.contracts.settings.access import AccessSettings
from wattos_platform.contracts.settings.breakers import BreakerVariables
from wattos_platform.contracts.settings.calls import CallSettings
from wattos_platform.contracts.settings.features import FeatureSettings
from wattos_platform.contracts.settings.process import ProcessSettings
from wattos_platform.contracts.settings.stores import StoreSettings


class SettingsError(ValueError):
    """The environment is not valid; the text names the variable, the reason and what is expected."""


# Fields stand in the order of the bases from the last to the first, in the reference too.
class Settings(
    FeatureSettings, BreakerVariables, CallSettings, AccessSettings, StoreSettings, ProcessSettings
):
    """The settings of one service process; times in the unit of their name."""

    model_config = ConfigDict(defer_build=False)

    @property
    def metric_switches(self) -> frozenset[str]:
        """Return the switches of metric families that are on."""
        return frozenset({OTEL_GENAI} if self.otel_genai else ())

    def database_path(self, service: str) -> Path:
        """Return the SQLite file of `service`: one per service, below the data folder."""
        return self.data_dir / f"{service}.db"

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Return the settings in `environ`; empty counts as not set. SettingsError names what is wrong."""
        try:
            return cls.model_validate({name: value for name, value in environ.items() if value != ""})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise SettingsError(f"{first['loc'][0]}: {first['msg']}") from None
