"""Metrics of a running platform: scraped, kept over kills and restarts, asked for as Prometheus is."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.metrics.samples import stored
from tests.fakes.programs.prometheus import program
from tests.fakes.project.running import NONE_BUNDLED, RunningProject, running_project, wait_until
from wattos_cli.metricstore.series import Matcher
from wattos_cli.project import Project
from wattos_cli.supervisor import launch
from wattos_platform import catalog

# A service of the user's; what it exposes, and with which status, stands in files that the test writes.
SHOP = """
import http.server, os, pathlib

class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(pathlib.Path("status").read_text()))
        self.end_headers()
        self.wfile.write(pathlib.Path("exposed").read_bytes())
    def log_message(self, *a): pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shop).serve_forever()
"""
SHOP_PORT = 3045
UP = "up instance=shop-0 job=shop"
ORDERS = "orders_total instance=shop-0 job=shop"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RunningProject]:
    with running_project(tmp_path / "p") as fresh:
        fresh.environ |= {"WATTOS_RESTART_BASE_S": "0.05", "WATTOS_PROBE_INTERVAL_S": "0.1"}
        (fresh.root / "shop.py").write_text(SHOP)
        expose(fresh, "# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total 7\n")
        fresh.configure(
            f'metrics.scrape_interval = "1s"\n{NONE_BUNDLED}[services.shop]\nmetrics = "/metrics"\n'
            f'command = ["{sys.executable}", "shop.py"]\nport = {SHOP_PORT + fresh.port_offset}\n'
        )
        assert fresh.wattos("up").returncode == 0
        yield fresh


def expose(project: RunningProject, text: str, status: int = 200) -> None:
    for name, content in (("exposed", text), ("status", str(status))):
        fresh = project.root / f"{name}.new"
        fresh.write_text(content)
        fresh.replace(project.root / name)  # whole at any moment: a scrape may come at any


def kept(project: RunningProject) -> Mapping[str, list[Any]]:
    return stored(project.root / ".wattos/metrics")


def newest(project: RunningProject, series: str) -> object:
    return kept(project).get(series, [(0, None)])[-1][1]


def scrape(project: RunningProject) -> list[dict[str, Any]]:
    with launch.connect(Project(project.root)) as client:
        targets: list[dict[str, Any]] = client.request("scrape", timeout_s=25)["targets"]
    return targets


def test_an_own_service_is_scraped_and_shown_as_down_when_it_is(project: RunningProject) -> None:
    wait_until(lambda: newest(project, ORDERS) == 7.0, "its metrics are kept")
    expose(project, "orders_total 8\n<html>\norders_total 9\n")
    wait_until(lambda: newest(project, ORDERS) == 8.0, "the new value is kept")
    wait_until(lambda: "shop-0 exposes 2 lines that are passed over" in supervisor_log(project), "it is told")
    expose(project, "", 500)
    wait_until(lambda: newest(project, UP) == 0.0, "it is down")
    assert newest(project, ORDERS) == "stale"
    wait_until(lambda: "shop-0 cannot be scraped: HTTP 500" in supervisor_log(project), "it is told why")
    expose(project, "orders_total 9\n")
    wait_until(lambda: newest(project, UP) == 1.0, "it is up again")


def supervisor_log(project: RunningProject) -> str:
    return (project.root / ".wattos/logs/supervisor.log").read_text()


def test_a_scrape_can_be_asked_for(project: RunningProject) -> None:
    expose(project, "orders_total 10\n")
    target: dict[str, Any] = {}

    def answered() -> bool:
        (found,) = scrape(project)
        target.update(found)
        return bool(found["up"])

    wait_until(answered, "the shop answers in time")
    assert target == {
        "instance": "shop-0",
        "up": True,
        "samples": 1,
        "refused": 0,
        "dropped": 0,
        "lost": "",
        "reason": "",
    }
    assert newest(project, ORDERS) == 10.0
    os.kill(project.row("shop")["pid"], signal.SIGSTOP)
    (target,) = scrape(project)
    assert (target["up"], target["reason"]) == (False, "no answer within 0.8 s")


def test_a_killed_supervisor_loses_nothing_and_the_next_goes_on(project: RunningProject) -> None:
    scrape(project)
    before = kept(project)
    os.kill(project.state()["supervisor"]["pid"], signal.SIGKILL)
    wait_until(lambda: not project.wattos("ps", "-o", "json").stdout.count('"ready"'), "all is gone")
    after = kept(project)
    assert after[ORDERS][: len(before[ORDERS])] == before[ORDERS]
    assert project.wattos("up").returncode == 0
    wait_until(lambda: len(kept(project)[ORDERS]) > len(after[ORDERS]) + 1, "it goes on")
    values = kept(project)[ORDERS]
    assert values[: len(after[ORDERS]) + 1][-1][1] == "stale", "what the killed one had has ended"
    assert values[: len(after[ORDERS])] == after[ORDERS]
    assert project.wattos("down").returncode == 0
    assert newest(project, ORDERS) == newest(project, UP) == "stale"


def promtool(project: RunningProject, *argv: str) -> str:
    """Ask the loopback API; this promtool can give a token only as a password."""
    token = (project.root / ".wattos/run/metrics.token").read_text().strip()
    url = f"http://any:{token}@127.0.0.1:{catalog.SUPERVISOR_PORT + project.port_offset}"
    command = [program("promtool"), "query", *(url if part == "URL" else part for part in argv)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


def test_promtool_asks_it_as_it_asks_a_prometheus(project: RunningProject) -> None:
    scrape(project)
    now = time.time()
    assert promtool(project, "instant", "URL", "up").startswith('up{instance="shop-0", job="shop"} => 1 @[')
    found = promtool(
        project, "range", "URL", "orders_total * 2", f"--start={now - 60}", f"--end={now + 1}", "--step=1s"
    )
    assert found.startswith('{instance="shop-0", job="shop"} =>\n14 @[')
    assert promtool(project, "series", "URL", "--match=up", f"--start={now - 60}").strip() == (
        '{__name__="up", instance="shop-0", job="shop"}'
    )
    assert promtool(project, "labels", "URL", "job").strip() == "shop"
    assert "1:4: parse error: expected a label" in promtool(project, "instant", "URL", "up{")
    assert (
        json.loads(promtool(project, "-o", "json", "instant", "URL", 'count({__name__=~".+"})'))[0]["value"][
            1
        ]
        == "4"
    )


def test_what_is_switched_off_is_not_kept(project: RunningProject) -> None:
    wait_until(lambda: newest(project, UP) == 1.0, "it is kept")
    toml = (project.root / "wattos.toml").read_text()
    project.configure(f"metrics.enabled = false\n{toml}")
    assert project.wattos("up").returncode == 0
    wait_until(lambda: newest(project, UP) == "stale", "the series end")
    with pytest.raises(Exception, match="no metrics are kept"):
        scrape(project)


def test_samples_of_a_matcher_alone(project: RunningProject) -> None:
    scrape(project)
    found = stored(project.root / ".wattos/metrics", Matcher("__name__", "=~", "scrape_.*"))
    assert sorted(found) == [
        "scrape_duration_seconds instance=shop-0 job=shop",
        "scrape_samples_scraped instance=shop-0 job=shop",
    ]
