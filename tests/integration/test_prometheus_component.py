"""`up --with prometheus`: the real Prometheus as a child of the supervisor, and what it scrapes."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

from tests.fakes.network.ports import is_free
from tests.fakes.programs.prometheus import Api, program
from tests.fakes.project.running import NONE_BUNDLED, STAYS_DOWN, RunningProject, running_project, wait_until
from wattos_platform import catalog

# A service of the user's: one metric, and every Authorization header that it is ever sent goes to a file.
SHOP = """
import http.server, os, pathlib

class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with pathlib.Path("asked").open("a") as asked:
            asked.write(f"{self.path} {self.headers.get('Authorization')}\\n")
        body = b"# TYPE shop_orders_total counter\\nshop_orders_total 7\\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shop).serve_forever()
"""
SHOP_PORT = 3044
SCRAPED_S = 30.0


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RunningProject]:
    """A project whose folder has a name that must be quoted; a service of its own serves metrics."""
    program("prometheus")
    with running_project(tmp_path / 'p "q" \\ü: {x} [y]*') as fresh:
        fresh.environ |= {"WATTOS_RESTART_BASE_S": "0.05", "WATTOS_PROBE_INTERVAL_S": "0.1"}
        (fresh.root / "shop.py").write_text(SHOP)
        shop = (
            f'[services.shop]\ncommand = ["{sys.executable}", "shop.py"]\n'
            f'port = {SHOP_PORT + fresh.port_offset}\nmetrics = "/metrics"\n'
        )
        fresh.configure(f'up.with = ["prometheus"]\n{NONE_BUNDLED}{shop}')
        yield fresh


def api(project: RunningProject) -> Api:
    return Api(catalog.component("prometheus").port + project.port_offset)


def test_an_own_service_is_scraped_and_never_sent_the_token(project: RunningProject) -> None:
    up = project.wattos("up", "-o", "json")
    assert up.returncode == 0, up.stderr
    rows = {row["name"]: row for row in json.loads(up.stdout)["services"]}
    assert {(name, row["state"]) for name, row in rows.items()} == {
        ("prometheus", "ready"),
        ("shop", "ready"),
    }
    prometheus = api(project)
    wait_until(
        lambda: prometheus.values('shop_orders_total{job="shop"}') == {"shop-0": 7},
        "the shop is scraped",
        SCRAPED_S,
    )
    rules = prometheus.get("/api/v1/rules")["data"]["groups"]
    assert {PurePath(group["file"]).name for group in rules} == {
        "prometheus-rules.yml",
        "prometheus-alerts.yml",
    }
    assert set((project.root / "asked").read_text().split("\n")) == {"/metrics None", ""}
    token = (project.root / ".wattos/run/metrics.token").read_text()
    assert token not in Path(f"/proc/{rows['prometheus']['pid']}/cmdline").read_text()
    assert token not in (project.root / ".wattos/run/prometheus.yml").read_text()
    assert (project.root / ".wattos/run/prometheus.yml").stat().st_mode & 0o777 == 0o600


def test_its_data_outlives_a_kill_and_logs_health_ps_and_down_know_it(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    prometheus = api(project)
    wait_until(lambda: bool(prometheus.values("shop_orders_total")), "the shop is scraped", SCRAPED_S)
    before = project.row("prometheus")["pid"]
    os.kill(before, signal.SIGKILL)

    def back() -> bool:
        row = project.row("prometheus")
        return row["state"] == "ready" and row["pid"] != before

    wait_until(back, "prometheus is ready again", SCRAPED_S)
    assert prometheus.values("max_over_time(shop_orders_total[1h])") == {"shop-0": 7}
    logs = project.wattos("logs", "prometheus", "--since", "-5m", "-o", "json")
    records = [json.loads(line) for line in logs.stdout.splitlines()]
    assert any("ready to receive web requests" in record.get("msg", "") for record in records)
    shown = project.wattos("logs", "prometheus", "--level", "info", "--since", "-5m").stdout
    assert "ready to receive web requests" in shown
    health = project.wattos("health", "prometheus", "-o", "json")
    assert (health.returncode, json.loads(health.stdout)["services"][0]["status"]) == (0, "healthy")
    assert project.wattos("down").returncode == 0
    assert is_free(catalog.component("prometheus").port + project.port_offset)


def test_a_changed_configuration_is_read_without_a_restart(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    before = project.row("prometheus")["pid"]
    toml = (project.root / "wattos.toml").read_text()
    project.configure(f'{toml}[metrics]\nscrape_interval = "1s"\n')
    reload = project.wattos("config", "reload", "-o", "json")
    assert reload.returncode == 0, reload.stderr
    rows = {row["name"]: row for row in json.loads(reload.stdout)["services"]}
    assert (rows["prometheus"]["status"], rows["prometheus"]["changed"]) == ("reloaded", ["configuration"])
    prometheus = api(project)

    def interval() -> str:
        status = prometheus.get("/api/v1/status/config")
        return status["data"]["yaml"] if status else ""

    wait_until(lambda: "scrape_interval: 1s" in interval(), "the new interval is in force", SCRAPED_S)
    token = (project.root / ".wattos/run/metrics.token").read_text()
    store = Api(project.state()["api_port"], token)

    def kept_every() -> set[str]:
        targets = store.get("/api/v1/targets")["data"]["activeTargets"]
        return {target["scrapeInterval"] for target in targets}

    wait_until(lambda: kept_every() == {"1s"}, "the platform's own store scrapes as often", SCRAPED_S)
    again = project.wattos("up")
    assert (again.returncode, "older settings" in again.stderr) == (0, False), again.stderr
    assert project.row("prometheus")["pid"] == before


def test_an_alertmanager_that_comes_later_is_told_without_a_restart(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    before = project.row("prometheus")["pid"]
    late = project.wattos("up", "--with", "alertmanager")
    assert (late.returncode, "older settings" in late.stderr) == (0, False), late.stderr
    prometheus = api(project)

    def known() -> list[str]:
        answer = prometheus.get("/api/v1/alertmanagers")
        return [each["url"] for each in answer["data"]["activeAlertmanagers"]] if answer else []

    port = catalog.component("alertmanager").port + project.port_offset
    expected = [f"http://127.0.0.1:{port}/api/v2/alerts"]
    wait_until(lambda: known() == expected, "Alertmanager is known", SCRAPED_S)
    assert project.row("prometheus")["pid"] == before
    assert project.wattos("down", "alertmanager").returncode == 0
    assert is_free(port)


def test_without_the_program_the_line_that_installs_it(project: RunningProject, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    up = project.wattos("up", environ={"PATH": str(tmp_path / "empty")})
    assert up.returncode == 1
    assert "apt-get install prometheus" in up.stderr
    assert project.wattos("ps").stdout == "", "nothing was started"


def test_every_bundled_service_is_scraped_and_one_that_is_down_shows_as_down(tmp_path: Path) -> None:
    program("prometheus")
    with running_project(tmp_path / "whole") as whole:
        whole.environ |= STAYS_DOWN
        up = whole.wattos("up", "--with", "prometheus", "--scale", "chat=2")
        assert up.returncode == 0, up.stderr
        prometheus = api(whole)
        replicas = {f"{service.name}-0" for service in catalog.SERVICES if service.default} | {"chat-1"}
        wait_until(
            lambda: prometheus.values("up == 1").keys() == replicas | {"prometheus-0"},
            "everything is scraped",
            SCRAPED_S,
        )
        assert prometheus.values("build_info").keys() == replicas
        os.kill(whole.row("rag")["pid"], signal.SIGKILL)
        wait_until(lambda: prometheus.values("up == 0").keys() == {"rag-0"}, "rag is down", SCRAPED_S)
        assert whole.row("rag")["state"] == "backoff"
