"""What `prometheus` is started with: whom it scrapes, which rules it evaluates, whom it tells."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wattos_cli.project import Project
from wattos_cli.supervisor import credentials
from wattos_cli.supervisor.addresses import VIA_SUPERVISOR
from wattos_cli.supervisor.components import rules
from wattos_cli.supervisor.components.setting import Setting
from wattos_platform import catalog


def files(setting: Setting) -> Mapping[str, str]:
    """Return prometheus.yml and its rules by name. JSON, which YAML contains: no path can break out of it."""
    found = rules.files(setting.config)
    document = _configuration(setting, found)
    return {"prometheus.yml": json.dumps(document, indent=2, ensure_ascii=False) + "\n", **found}


def _configuration(setting: Setting, rule_files: Iterable[str]) -> dict[str, Any]:
    interval = _interval(setting)
    return {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "alerting": {"alertmanagers": _alertmanagers(setting)},
        "rule_files": [
            _literal(Project(setting.config.root).component_config_file(name)) for name in rule_files
        ],
        "scrape_configs": [
            _platform(setting),
            _own_services(setting),
            *(_component(name, port) for name, port in setting.ports.items() if _metrics_of(name)),
        ],
    }


def _literal(path: Path) -> str:
    """Return `path` as a pattern; Prometheus refuses an asterisk in a folder, any character stands for it."""
    return re.sub(r"([?\[\\])", r"\\\1", str(path)).replace("*", "?")


def _alertmanagers(setting: Setting) -> list[dict[str, Any]]:
    """Return where alerts are sent: to the component, if it runs."""
    port = setting.ports.get("alertmanager")
    return [{"static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}] if port else []


def _platform(setting: Setting) -> dict[str, Any]:
    """Return the job of our replicas, scraped through the loopback API with the metrics token."""
    token = {"authorization": _authorization(setting)}
    return {"job_name": "wattos", **_discovered(setting, "keep"), **token}


def _own_services(setting: Setting) -> dict[str, Any]:
    """Return the job of the user's services, asked at their own address: the token is not for them."""
    return {"job_name": "own-services", **_discovered(setting, "drop")}


def _discovered(setting: Setting, action: str) -> dict[str, Any]:
    discovery = {
        "url": f"http://{setting.api}/targets",
        "refresh_interval": _interval(setting),
        "authorization": _authorization(setting),
    }
    chosen = {"source_labels": [VIA_SUPERVISOR], "regex": "true", "action": action}
    return {"http_sd_configs": [discovery], "relabel_configs": [chosen]}


def _interval(setting: Setting) -> str:
    return f"{setting.config.scrape_interval_s * 1000:.0f}ms"


def _authorization(setting: Setting) -> dict[str, str]:
    """Return how the metrics token is read: from its 0600 file, so that it stands nowhere else."""
    token = Project(setting.config.root).secret_file(credentials.METRICS_TOKEN)
    return {"type": "Bearer", "credentials_file": str(token)}


def _component(name: str, port: int) -> dict[str, Any]:
    target = {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": f"{name}-0"}}
    return {"job_name": name, "metrics_path": _metrics_of(name), "static_configs": [target]}


def _metrics_of(name: str) -> str:
    return catalog.component(name).metrics
