"""From an outage to a message and back, through the real programs.

The platform is under load; Prometheus has the generated rules, Alertmanager tells a receiver of the test's.
Every window and wait is a sixtieth of what ships.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.programs.prometheus import Api, program
from tests.fakes.programs.webhook import Webhook, webhook
from tests.fakes.project.running import STAYS_DOWN, RunningProject, running_project, wait_until
from wattos_platform import catalog

TOML = """
up.with = ["prometheus", "alertmanager", "simulator"]
llm.providers = ["openai"]
[alerts]
time_scale = 60
webhook_url_file = "receiver.url"
"""
TOLD_S = 60.0


@pytest.fixture(scope="module")
def receiver() -> Iterator[Webhook]:
    with webhook() as listening:
        yield listening


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, receiver: Webhook) -> Iterator[RunningProject]:
    """A whole platform beside both; what is killed stays down until it is restarted."""
    program("prometheus")
    program("alertmanager", "prometheus-alertmanager")
    with running_project(tmp_path_factory.mktemp("chain")) as fresh:
        fresh.environ |= STAYS_DOWN
        fresh.configure(TOML)
        (fresh.root / "receiver.url").write_text(f"{receiver.url}\n")
        up = fresh.wattos("up")
        assert up.returncode == 0, up.stderr
        yield fresh


def prometheus(project: RunningProject) -> Api:
    return Api(catalog.component("prometheus").port + project.port_offset)


def alertmanager(project: RunningProject) -> Api:
    return Api(catalog.component("alertmanager").port + project.port_offset)


@contextmanager
def load(project: RunningProject) -> Iterator[None]:
    """Keep the platform busy with the bundled smoke scenario while the block runs."""
    argv = [sys.executable, "-P", "-m", "wattos_cli", "loadtest", "smoke", "--users", "2", "--duration", "5m"]
    busy = subprocess.Popen(
        argv,
        cwd=project.root,
        env=project.process_environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        busy.send_signal(signal.SIGINT)
        busy.wait(30)


def test_every_rule_is_loaded_and_evaluated_without_an_error(project: RunningProject) -> None:
    asked = prometheus(project)

    def rules() -> list[dict[str, str]]:
        answer = asked.get("/api/v1/rules")
        return [rule for group in answer["data"]["groups"] for rule in group["rules"]] if answer else []

    wait_until(
        lambda: bool(rules()) and all(rule["health"] != "unknown" for rule in rules()),
        "every rule was evaluated",
        TOLD_S,
    )
    assert [rule for rule in rules() if rule["health"] != "ok"] == []
    assert {rule["type"] for rule in rules()} == {"alerting", "recording"}

    def managers() -> list[str]:
        answer = asked.get("/api/v1/alertmanagers")
        return answer["data"]["activeAlertmanagers"] if answer else []

    wait_until(lambda: len(managers()) == 1, "Alertmanager is known", TOLD_S)


def fired(project: RunningProject, whose: str = "") -> set[tuple[str, str]]:
    """Return what `wattos alerts` says fires, by its own engine or by the word of one of the programs."""
    name = whose.removeprefix("--")
    url = f"http://127.0.0.1:{catalog.component(name).port + project.port_offset}" if name else ""
    done = project.wattos("alerts", *((whose, url) if whose else ()), "-o", "json")
    assert done.returncode == 0, done.stderr
    return {
        (each["name"], each["labels"].get("job", ""))
        for each in published(done.stdout)["alerts"]
        if each["state"] == "firing"
    }


def test_an_outage_is_told_and_its_end_too(  # defect-36
    project: RunningProject, receiver: Webhook
) -> None:
    asked = prometheus(project)
    served = {service.name for service in catalog.SERVICES if service.default}
    with load(project):
        busy = 'sum by (instance) (rate(http_requests_total{route!~"/health.*"}[10s])) > 0'
        wait_until(
            lambda: {name.rpartition("-")[0] for name in asked.values(busy)} >= served - {"agent"},
            "load is seen at the services",
            TOLD_S,
        )
        # At a sixtieth of every wait, a busy machine makes a service look down for a moment.
        wait_until(lambda: receiver.told("ServiceDown", "rag") != "firing", "rag is up", TOLD_S)
        os.kill(project.row("rag")["pid"], signal.SIGKILL)
        wait_until(lambda: receiver.told("ServiceDown", "rag") == "firing", "the outage is told", TOLD_S)
        for whose in ("", "--prometheus", "--alertmanager"):  # each learns of it in its own time
            wait_until(
                lambda whose=whose: ("ServiceDown", "rag") in fired(project, whose),
                f"it fires, says wattos alerts {whose}",
                TOLD_S,
            )
        assert project.wattos("restart", "rag").returncode == 0
        wait_until(lambda: receiver.told("ServiceDown", "rag") == "resolved", "its end is told", TOLD_S)


def test_a_provider_that_refuses_is_told_and_its_end_too(project: RunningProject, receiver: Webhook) -> None:
    faults = f"{project.url('simulator')}/simulator/faults"
    refusing = {"kind": "rate_limit", "provider": "openai", "retry_after_s": 600, "ttl_s": 600}
    assert httpx.post(faults, json=refusing).is_success
    asked = project.wattos("ask", "Who answers?")
    assert asked.returncode == 0, asked.stderr
    wait_until(lambda: receiver.told("BreakerOpen", "llm-gateway") == "firing", "the breaker is told", TOLD_S)
    assert httpx.delete(faults).is_success
    reset = project.wattos("breaker", "reset", "llm:openai", "--reason", "the provider is well again")
    assert reset.returncode == 0, reset.stderr
    wait_until(lambda: receiver.told("BreakerOpen", "llm-gateway") == "resolved", "its end is told", TOLD_S)


def test_both_are_shown_like_services_and_hold_no_port_but_loopback_s(project: RunningProject) -> None:
    rows = {row["name"]: row for row in project.rows()}
    assert {rows[name]["state"] for name in ("prometheus", "alertmanager")} == {"ready"}
    logs = project.wattos("logs", "alertmanager", "--since", "-10m", "--level", "info")
    assert "Completed loading of configuration file" in logs.stdout
    assert alertmanager(project).get("/api/v2/status")["cluster"]["status"] == "disabled"
    url = (project.root / "receiver.url").read_text().strip()
    file = project.root / ".wattos/run/alertmanager.yml"
    assert (url in file.read_text(), file.stat().st_mode & 0o777) == (True, 0o600)
    assert url not in (project.root / ".wattos/run/services.json").read_text()
    assert [log.name for log in (project.root / ".wattos/logs").glob("*") if url in log.read_text()] == []
