"""With the simulator, every provider that is named is the simulator: no request leaves the machine."""

from collections.abc import Mapping
from typing import Any

SIMULATOR = "simulator"
KEY_VARIABLE = "WATTOS_SIMULATED_API_KEY"
_LOCAL = "local"
_OPENAI = "openai"
# Clients of OpenAI's API take an address that ends in /v1; all others take the server's root.
_ROOTS = frozenset({"azure", "anthropic", "google", "ollama"})


def service_config(config: Mapping[str, Any], base_url: str) -> dict[str, Any]:
    """Return the services' configuration with every named provider but `local` at `base_url`.

    Their real keys are not read: each gets the variable of a dummy key. A provider of the user's own is told
    apart by its name in the path.
    """
    llm = dict(config.get("llm") or {})
    details = dict(llm.get("provider") or {})
    for name in llm.get("providers") or ():
        if name != _LOCAL:
            known = details.get(name) or {}
            given = {"base_url": _address(name, known, base_url), "api_key_env": KEY_VARIABLE}
            details[name] = {**known, **given}
    return {**config, "llm": {**llm, "provider": details}}


def environ(base_url: str) -> dict[str, str]:
    """Return the variables that services get beside the simulator.

    The key is no word that an answer may hold: where it occurs, it is masked.
    """
    return {KEY_VARIABLE: "key-of-the-simulator", "WATTOS_SIMULATOR_URL": base_url}


def _address(name: str, known: Mapping[str, Any], base_url: str) -> str:
    kind = str(known.get("kind") or (name if name in _ROOTS else _OPENAI))
    root = base_url if name in _ROOTS or name == _OPENAI else f"{base_url}/as/{name}"
    return root if kind in _ROOTS else f"{root}/v1"
