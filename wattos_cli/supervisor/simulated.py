"""With the simulator, every provider that is named is the simulator: no request leaves the machine."""

from collections.abc import Mapping
from typing import Any

SIMULATOR = "simulator"
KEY_VARIABLE = "WATTOS_SIMULATED_API_KEY"
_LOCAL = "local"


def service_config(config: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return the services' configuration with every named provider but `local` at `base_url`.

    Their real keys are not read: each gets the variable of a dummy key.
    """
    llm = dict(config.get("llm") or {})
    details = dict(llm.get("provider") or {})
    for name in llm.get("providers") or ():
        if name != _LOCAL:
            given = {"base_url": f"{base_url}/v1", "api_key_env": KEY_VARIABLE}
            details[name] = {**(details.get(name) or {}), **given}
    return {**config, "llm": {**llm, "provider": details}}


def environ(base_url: str) -> dict[str, str]:
    """Return the variables that services get beside the simulator."""
    return {KEY_VARIABLE: "simulated", "WATTOS_SIMULATOR_URL": base_url}
