"""Which upstreams are configured, with their keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wattos_platform.contracts.settings import SettingsError
from wattos_platform.services.llm_gateway.domain.configured import ProviderSettings, UpstreamSettings
from wattos_platform.services.llm_gateway.domain.models import DEFAULT, EXTRACTIVE, LOCAL, Target

# What a base URL may end in: the path to the API, which the kind's wire format says itself.
_API_PATHS: Mapping[str, tuple[str, ...]] = {
    "openai": (),
    "azure": ("/openai/v1", "/openai", "/v1"),
    "anthropic": ("/v1",),
    "google": ("/v1beta", "/v1"),
    "ollama": ("/v1", "/api"),
}
KINDS = tuple(_API_PATHS)


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a provider by its name, which is its kind, too; variables are the seed's."""

    base_url: str
    base_url_env: str
    key_envs: tuple[str, ...]
    default_model: str
    default_model_envs: tuple[str, ...] = ()
    api_version_env: str = ""
    needs_key: bool = True


PRESETS: Mapping[str, Preset] = {
    "openai": Preset("https://api.openai.com/v1", "OPENAI_BASE_URL", ("OPENAI_API_KEY",), "gpt-4o-mini"),
    "azure": Preset(
        "",
        "AZURE_OPENAI_ENDPOINT",
        ("AZURE_OPENAI_API_KEY",),
        "",
        ("AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_DEPLOYMENT_NAME"),
        "AZURE_OPENAI_API_VERSION",
    ),
    "anthropic": Preset(
        "https://api.anthropic.com", "ANTHROPIC_BASE_URL", ("ANTHROPIC_API_KEY",), "claude-haiku-4-5"
    ),
    "google": Preset(
        "https://generativelanguage.googleapis.com",
        "GOOGLE_BASE_URL",
        ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
        "gemini-3.5-flash-lite",
    ),
    "ollama": Preset(
        "http://localhost:11434", "OLLAMA_BASE_URL", (), "llama3.2", ("OLLAMA_MODEL",), needs_key=False
    ),
}


def read_providers(config: Mapping[str, Any], environ: Mapping[str, str]) -> ProviderSettings:
    """Return what `[llm]` of the generated configuration names; nothing else is ever used.

    A key in the environment whose provider is not named is not read. SettingsError for a provider that
    cannot work and for an alias that names one which is not active.
    """
    llm = config.get("llm") or {}
    named = llm.get("providers") or _split(environ.get("WATTOS_LLM_PROVIDERS", ""))
    details = llm.get("provider") or {}
    upstreams = tuple(
        _upstream(name, details.get(name) or {}, environ) for name in dict.fromkeys(named) if name != LOCAL
    )
    active = {upstream.name for upstream in upstreams}
    aliases = {
        alias: tuple(_target(alias, text, active) for text in chain)
        for alias, chain in (llm.get("aliases") or {}).items()
    }
    for alias, chain in aliases.items():
        if not chain:
            raise SettingsError(f"llm.aliases.{alias} is empty; name at least one PROVIDER/MODEL")
    return ProviderSettings(upstreams, aliases)


def _upstream(name: str, given: Mapping[str, Any], environ: Mapping[str, str]) -> UpstreamSettings:
    preset = PRESETS.get(name)
    kind = str(given.get("kind") or ("openai" if preset is None else name))
    known = preset or Preset("", "", (), "", needs_key=bool(given.get("api_key_env")))
    base_url = given.get("base_url") or environ.get(known.base_url_env) or known.base_url
    if kind not in _API_PATHS or not base_url:
        raise _unavailable(name, kind, known)
    key_envs = (str(given["api_key_env"]),) if given.get("api_key_env") else known.key_envs
    default = given.get("default_model") or _first(environ, known.default_model_envs) or known.default_model
    deployments = {str(model): str(named) for model, named in (given.get("deployments") or {}).items()}
    models = tuple(dict.fromkeys((*(str(model) for model in given.get("models") or ()), *deployments)))
    return UpstreamSettings(
        name=name,
        base_url=_checked(name, str(base_url), kind),
        key=next(filter(None, (_key(variable, environ) for variable in key_envs)), ""),
        key_env=" or ".join(key_envs),
        needs_key=known.needs_key,
        models=models,
        default_model=str(default or (models[0] if models else "")),
        kind=kind,
        api_version=str(given.get("api_version") or environ.get(known.api_version_env) or ""),
        deployments=deployments,
    )


def _unavailable(name: str, kind: str, known: Preset) -> SettingsError:
    """Return the error of a provider of which it is not known what it is or where."""
    where = f"llm.provider.{name}"
    if kind not in _API_PATHS:
        return SettingsError(f"{where}.kind: {kind!r} is none of {', '.join(KINDS)}")
    if known.base_url_env:
        return SettingsError(f"{where}.base_url is missing; give it, or set {known.base_url_env}")
    return SettingsError(
        f"llm.providers: {name!r} is not available; use {', '.join(PRESETS)}, local, or an upstream of your "
        f"own with {where}.base_url and, unless it is OpenAI-compatible, {where}.kind"
    )


def _first(environ: Mapping[str, str], names: Sequence[str]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")


def _key(variable: str, environ: Mapping[str, str]) -> str:
    """Return the secret from `variable` or from the file that `variable`_FILE names."""
    if environ.get(variable):
        return environ[variable].strip()
    path = environ.get(f"{variable}_FILE")
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}_FILE: {path} cannot be read ({error.strerror})") from None


def _checked(name: str, base_url: str, kind: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise SettingsError(f"llm.provider.{name}.base_url must be an http(s) address without credentials")
    trimmed = base_url.rstrip("/")
    for path in _API_PATHS[kind]:
        if trimmed.endswith(path):
            return trimmed.removesuffix(path)
    return trimmed


def _target(alias: str, text: str, active: set[str]) -> Target:
    if text in (LOCAL, EXTRACTIVE, f"{LOCAL}/{EXTRACTIVE}"):
        return Target(LOCAL, EXTRACTIVE)
    provider, slash, model = text.partition("/")
    if not slash or not model or provider not in active:
        where = "llm.aliases." + (alias or DEFAULT)
        raise SettingsError(f"{where}: {text!r} must be PROVIDER/MODEL of a provider in llm.providers")
    return Target(provider, model)


def _split(text: str) -> Sequence[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
