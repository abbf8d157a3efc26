"""The generated configuration in the hands of Alertmanager: it loads, it routes, and worse silences bad."""

import http.client
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.network.ports import free_port
from tests.fakes.programs.prometheus import Api, program
from tests.fakes.project.running import wait_until
from wattos_cli.alerting.alertmanager import Destinations, Mail, Slack, configuration
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.yamlout import dumped

COMMITTED = Path(__file__).resolve().parents[2] / "dashboards" / "alertmanager" / "alertmanager.yml"
TOLD_S = 20.0
CRITICAL = {
    "ServiceDown": {"job": "chat"},
    "BudgetBurnFast": {"job": "rag", "slo": "rag-availability"},
}
OTHERS = [
    ({"alertname": "HighErrorRate", "job": "chat", "severity": "warning"}, "ServiceDown"),
    ({"alertname": "BudgetBurnFast", "job": "chat", "slo": "x", "severity": "critical"}, "ServiceDown"),
    ({"alertname": "HighErrorRate", "job": "gateway", "severity": "warning"}, ""),
    (
        {"alertname": "BudgetBurnSlow", "job": "rag", "slo": "rag-availability", "severity": "warning"},
        "BudgetBurnFast",
    ),
    ({"alertname": "BudgetBurnSlow", "job": "rag", "slo": "rag-latency", "severity": "warning"}, ""),
    ({"alertname": "HighErrorRate", "job": "rag", "severity": "warning"}, "BudgetBurnFast"),
    ({"alertname": "DependencyDown", "job": "rag", "check": "llm-gateway", "severity": "warning"}, ""),
]


def amtool(*argv: str | Path) -> str:
    done = subprocess.run(
        [program("amtool"), *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_amtool_takes_the_committed_configuration() -> None:
    assert "SUCCESS" in amtool("check-config", COMMITTED)


def test_amtool_takes_every_destination_that_its_version_knows(tmp_path: Path) -> None:
    to = Destinations(
        "http://127.0.0.1:9/",
        slack=Slack("#ops", "/run/slack.url"),
        mail=Mail("ops@school.example", "wattos@school.example", "mail.school.example:587", "/run/mail"),
    )
    path = tmp_path / "alertmanager.yml"
    path.write_text(dumped(configuration(to, 60)))
    assert "SUCCESS" in amtool("check-config", path)


@pytest.mark.parametrize(
    ("severity", "team", "receiver"),
    [
        ("critical", "platform", "critical"),
        ("critical", "models", "critical"),
        ("warning", "platform", "platform"),
        ("warning", "models", "models"),
        ("info", "platform", "quiet"),
        ("info", "models", "quiet"),
    ],
)
def test_severity_and_team_choose_the_receiver(severity: str, team: str, receiver: str) -> None:
    amtool(
        "config",
        "routes",
        "test",
        f"--config.file={COMMITTED}",
        f"--verify.receivers={receiver}",
        f"severity={severity}",
        f"team={team}",
    )


def test_every_alert_has_a_severity_and_a_team_that_are_routed() -> None:
    assert {str(alert.severity) for alert in ALERTS} == {"critical", "warning", "info"}
    assert {alert.team for alert in ALERTS} == {"platform", "models"}


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[int]:
    """A real Alertmanager with the committed configuration; its port."""
    with free_port() as port:
        argv = [
            program("alertmanager", "prometheus-alertmanager"),
            f"--config.file={COMMITTED}",
            f"--storage.path={tmp_path}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: Api(port).get("/api/v2/status") is not None, "Alertmanager answers", TOLD_S)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def post(port: int, alerts: list[dict[str, str]]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = json.dumps([{"labels": labels} for labels in alerts])
    connection.request("POST", "/api/v2/alerts", body, {"Content-Type": "application/json"})
    assert connection.getresponse().status == 200
    connection.close()


def test_what_is_explained_by_worse_is_not_told(alertmanager: int) -> None:
    worse = [
        {"alertname": name, "severity": "critical", "team": "platform", **labels}
        for name, labels in CRITICAL.items()
    ]
    post(alertmanager, [*worse, *(labels for labels, _ in OTHERS)])

    def shown() -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = Api(alertmanager).get("/api/v2/alerts") or []
        return answer

    def states() -> dict[str, bool]:
        return {key(each["labels"]): bool(each["status"]["inhibitedBy"]) for each in shown()}

    expected = {key(labels): bool(by) for labels, by in OTHERS} | {key(labels): False for labels in worse}
    wait_until(lambda: states() == expected, f"{expected}", TOLD_S)


def key(labels: dict[str, str]) -> str:
    return " ".join(f"{labels.get(name, '')}" for name in ("alertname", "job", "slo"))


def test_no_secret_stands_in_a_committed_file() -> None:
    text = COMMITTED.read_text(encoding="utf-8")
    assert not re.search(r"https?://|password:|api_url:|token", text)
