"""`[llm]`: which providers are named, how own ones are reached, and what aliases stand for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from wattos_cli.config.problems import suggestion
from wattos_cli.config.schema import (
    LOCAL_MODELS,
    PROVIDER_ADDRESSES,
    PROVIDER_KEYS,
    PROVIDER_MODELS,
    PROVIDERS,
)

# (key of the setting, message): notes a problem where that setting was given.
Note = Callable[[str, str], None]


def section(
    providers: Sequence[str],
    aliases: Mapping[str, Any],
    options: Mapping[str, Any],
    prices: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return `[llm]` as services read it; `options` maps `NAME.option` to values of [llm.provider.NAME]."""
    llm: dict[str, Any] = {"providers": list(providers), "aliases": {}, "provider": {}}
    if prices:
        llm["prices"] = [dict(price) for price in prices]
    for name, chain in aliases.items():
        llm["aliases"][name] = list(chain)
    for key, value in options.items():
        name, _, option = key.rpartition(".")
        llm["provider"].setdefault(name, {})[option] = list(value) if isinstance(value, tuple) else value
    return llm


def check(llm: Mapping[str, Any], note: Note) -> None:
    """Note providers that do not exist or cannot be reached, and aliases that lead nowhere."""
    own = llm["provider"]
    for name in llm["providers"]:
        if name not in PROVIDERS and name not in own:
            known = {*PROVIDERS, *own}
            note("llm.providers", f"llm.providers: no such provider {name!r}.{suggestion(name, known)}")
    for name, options in own.items():
        url = options.get("base_url")
        if name not in PROVIDERS and not url:
            note(
                f"llm.provider.{name}",
                f"llm.provider.{name}: base_url is missing; only bundled providers have one.",
            )
        if url and not _is_address(url):
            key = f"llm.provider.{name}.base_url"
            note(key, f"{key}: expected http:// or https://, a host, and no user or password.")
    for alias, chain in llm["aliases"].items():
        for target in chain or [""]:
            provider, _, model = target.partition("/")
            if provider == "local" or (provider in llm["providers"] and model):
                continue
            key = f"llm.aliases.{alias}"
            note(key, f"{key}: {target!r} must be PROVIDER/MODEL of a provider named in llm.providers.")


def unaddressed(llm: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the named providers of which nobody said where they are, each with the variable that may say it.

    No mistake of wattos.toml: with the simulator every named provider has an address.
    """
    return {
        name: variable
        for name, variable in PROVIDER_ADDRESSES.items()
        if name in (llm.get("providers") or ())
        and not environ.get(variable)
        and not (llm.get("provider") or {}).get(name, {}).get("base_url")
    }


def keyless(llm: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the named providers that have no key and need one, each with the variable that may hold it."""
    own = llm.get("provider") or {}
    found = {}
    for name in llm.get("providers") or ():
        custom = own.get(name, {}).get("api_key_env")
        variables = [*([custom] if custom else ()), *PROVIDER_KEYS.get(name, ())]
        if variables and not any(environ.get(variable) for variable in variables):
            found[name] = variables[0]
    return found


def modelless(llm: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the named providers that `default` passes over, since nobody named a model of theirs.

    Each comes with the variable that may name one.
    """
    own = llm.get("provider") or {}
    return {
        name: variables[0]
        for name, variables in PROVIDER_MODELS.items()
        if name in (llm.get("providers") or ())
        and not any(environ.get(variable) for variable in variables)
        and not any(own.get(name, {}).get(option) for option in ("default_model", "models", "deployments"))
    }


def unserved(models: Iterable[str], llm: Mapping[str, Any]) -> dict[str, str]:
    """Return those of `models` that certainly nothing in `[llm]` serves, each with what may be meant instead.

    A name without a provider may be any model of a named provider: only the service can tell, and logs it.
    """
    named = set(llm.get("providers") or ())
    known = {*LOCAL_MODELS, *(llm.get("aliases") or {})}
    found = {}
    for model in models:
        provider, slash, _ = model.partition("/")
        if model in known or (provider in named if slash and provider in PROVIDERS else named):
            continue
        found[model] = suggestion(provider, named) if slash and named else suggestion(model, known)
    return found


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
