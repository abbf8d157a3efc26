"""What can be set about the supervisor itself, by environment: times in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from wattos_cli.supervisor.restart_policy import RestartSettings
from wattos_cli.supervisor.thresholds import ProbeSettings

_Settings = TypeVar("_Settings", RestartSettings, ProbeSettings)

# Prefix + upper-case field name is the variable: WATTOS_RESTART_BASE_S, WATTOS_PROBE_INTERVAL_S.
RESTART_PREFIX = "WATTOS_RESTART_"
PROBE_PREFIX = "WATTOS_PROBE_"


@dataclass(frozen=True, slots=True)
class SupervisorSettings:
    """Everything that has a default but may be set.

    A service gets `drain_s` to end; SIGKILL follows `kill_margin_s` later, so that it can end its own way.
    """

    restart: RestartSettings
    probes: ProbeSettings
    drain_s: float = 10.0
    kill_margin_s: float = 2.0
    upkeep_s: float = 5.0
    log_limit_bytes: int = 64 * 1024 * 1024
    host: str = "127.0.0.1"


def from_environ(environ: Mapping[str, str]) -> SupervisorSettings:
    """Return the settings; ValueError that names the variable when one is no number."""
    return SupervisorSettings(
        restart=_overridden(RestartSettings(), RESTART_PREFIX, environ),
        probes=_overridden(ProbeSettings(), PROBE_PREFIX, environ),
        drain_s=_number(environ, "WATTOS_DRAIN_S", 10.0),
        upkeep_s=_number(environ, "WATTOS_UPKEEP_S", 5.0),
        log_limit_bytes=int(_number(environ, "WATTOS_LOG_LIMIT_BYTES", 64 * 1024 * 1024)),
        host=environ.get("WATTOS_HOST") or "127.0.0.1",
    )


def _overridden(defaults: _Settings, prefix: str, environ: Mapping[str, str]) -> _Settings:
    given: dict[str, Any] = {}
    for field in fields(defaults):
        default = getattr(defaults, field.name)
        value = _number(environ, f"{prefix}{field.name.upper()}", float(default))
        given[field.name] = int(value) if isinstance(default, int) else value
    return replace(defaults, **given)


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(f"{name}: expected a number, got {text!r}") from error
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name}: expected a number of at least 0, got {text!r}")
    return value
