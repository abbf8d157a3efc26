"""Reads the generated configuration as a whole."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.contracts.limits import read_limits
from wattos_platform.services.llm_gateway.adapters.price_file import read_prices
from wattos_platform.services.llm_gateway.adapters.upstream_settings import read_providers
from wattos_platform.services.llm_gateway.domain.configured import Configured


def read_configuration(config: Mapping[str, Any], environ: Mapping[str, str]) -> Configured:
    """Return what `config` says, with keys from `environ`; SettingsError for anything that cannot work."""
    return Configured(read_providers(config, environ), read_limits(config), read_prices(config))
