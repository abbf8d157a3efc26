"""Whose word on alerts is taken: our own engine's, a Prometheus', an Alertmanager's."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattos_cli.deps import Deps
from wattos_cli.errors import usage
from wattos_cli.metricsource import MetricsEndpoint

if TYPE_CHECKING:
    from wattos_cli.alerting.states import AlertState

_OLD_S = 60.0
_TOKEN = "WATTOS_ALERTMANAGER_TOKEN"  # noqa: S105 - the name of a variable
_TOKEN_HINT = "write the token, and nothing else, into a file: --token-file FILE"  # noqa: S105 - a hint


@dataclass(frozen=True)
class Source:
    """A Prometheus, the address of an Alertmanager, or neither: then what was scraped here, with `slo`."""

    endpoint: MetricsEndpoint = field(default_factory=MetricsEndpoint)
    alertmanager: str = ""
    slo: Path | None = None


def rows(source: Source, deps: Deps) -> list[dict[str, Any]]:
    """Return one row per alert and set of labels, the worst first; `since` in Unix seconds."""
    from wattos_cli.alerting.states import in_order

    with deps.console.waiting("evaluating the alerts"):
        return [row(state) for state in in_order(_states(source, deps))]


def _states(source: Source, deps: Deps) -> "list[AlertState]":
    from wattos_cli import metricsource
    from wattos_cli.alerting import remote_states
    from wattos_cli.clients.running import project_of, running

    if source.alertmanager:
        return list(remote_states.of_alertmanager(_alertmanager(source, deps)))
    if source.endpoint.url:
        return list(remote_states.of_prometheus(metricsource.prometheus(source.endpoint, deps).alert_rules()))
    if source.endpoint.token_file is not None:
        raise usage("--token-file is for another program", "name it: --prometheus URL or --alertmanager URL")
    running(project_of(deps))  # without samples of now every alert would be inactive, and a check would pass
    return ours(source.slo, deps)


def ours(slo: Path | None, deps: Deps, name: str = "") -> "list[AlertState]":
    """Return what our own engine says of what was scraped here, of the alert `name` or of all."""
    from wattos_cli import metricsource
    from wattos_cli.alerting.catalogue import ALERTS
    from wattos_cli.alerting.evaluation import evaluate
    from wattos_cli.alerting.slo import slos_of
    from wattos_cli.clients.running import project_of
    from wattos_cli.config import load
    from wattos_cli.render.columns import duration

    store = metricsource.store(deps)
    config = load(project_of(deps).root, deps.environ)
    now_s = deps.clock()
    last_ms = store.last_ms()
    if last_ms is not None and now_s - last_ms / 1000 > _OLD_S:
        deps.console.note(f"nothing was scraped for {duration(now_s - last_ms / 1000)}: see wattos ps")
    book = slos_of(config, None if slo is None else deps.cwd / slo)
    scale = config.setting("alerts.time_scale").value
    chosen = [alert for alert in ALERTS if name in ("", alert.name)]
    return evaluate(store, book, round(now_s * 1000), time_scale=scale, alerts=chosen)


def _alertmanager(source: Source, deps: Deps) -> list[dict[str, Any]]:
    from wattos_cli.clients.addresses import check_address
    from wattos_cli.clients.alertmanager import Alertmanager
    from wattos_cli.clients.credentials import option_token

    check_address("--alertmanager", source.alertmanager, "http://127.0.0.1:9093", f"{_TOKEN}_FILE")
    file = None if source.endpoint.token_file is None else deps.cwd / source.endpoint.token_file
    token = option_token(file, deps.environ, _TOKEN, _TOKEN_HINT)
    return Alertmanager(deps.http, source.alertmanager.rstrip("/"), token, source.endpoint.timeout_s).alerts()


def row(state: "AlertState") -> dict[str, Any]:
    """Return a state as a flat row; `since` in Unix seconds."""
    return {
        "name": state.name,
        "state": state.state,
        "severity": state.severity,
        "labels": dict(state.labels),
        "value": state.value,
        "since": state.since_s,
        "summary": state.summary,
        "description": state.description,
        "runbook": state.runbook,
        "dashboard": state.dashboard,
        "muted": state.muted,
    }
