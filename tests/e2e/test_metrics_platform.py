"""The metrics of the whole platform: every service scraped, no line refused, and the questions of Grafana."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.fakes.project.running import RunningProject, wait_until
from wattos_cli.project import Project
from wattos_cli.supervisor import launch
from wattos_platform import catalog

pytestmark = pytest.mark.e2e

SERVICES = sorted(service.name for service in catalog.SERVICES if service.default)


def asked(project: RunningProject, method: str, path: str, **fields: str) -> Any:
    """Ask the loopback API with the headers of Grafana's datasource; return the `data` of a success."""
    token = (project.root / ".wattos/run/metrics.token").read_text().strip()
    headers = {
        "Authorization": f"Bearer {token}",
        "User-Agent": "Grafana/11.3.0",
        "Accept-Encoding": "gzip",
        "Connection": "keep-alive",
        "X-Grafana-Org-Id": "1",
        "X-Datasource-Uid": "wattos",
    }
    form = urlencode(fields)
    if method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif form:
        path = f"{path}?{form}"
    port = catalog.SUPERVISOR_PORT + project.port_offset
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, form if method == "POST" else None, headers)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    assert (answer.status, document["status"]) == (200, "success"), document
    return document["data"]


@pytest.fixture
def scraped(standing: RunningProject) -> RunningProject:
    """A platform whose replicas were all scraped just now."""

    def scraped_all() -> bool:
        with launch.connect(Project(standing.root)) as client:
            targets = client.request("scrape", timeout_s=20)["targets"]
        assert sorted(target["instance"] for target in targets) == [f"{name}-0" for name in SERVICES]
        assert not any(target["refused"] for target in targets), targets
        return all(target["up"] and target["samples"] > 100 for target in targets)

    wait_until(scraped_all, "every service is scraped")
    return standing


def test_what_grafana_asks_when_it_tests_and_explores(scraped: RunningProject) -> None:
    now = time.time()
    around = {"start": f"{now - 3600:.0f}", "end": f"{now + 1:.0f}"}
    assert asked(scraped, "GET", "/api/v1/status/buildinfo")["version"].startswith("3.")
    sum_of_two = asked(scraped, "POST", "/api/v1/query", query="1+1", time=f"{now:.3f}")
    assert (sum_of_two["resultType"], sum_of_two["result"][1]) == ("scalar", "2")
    names = asked(scraped, "GET", "/api/v1/label/__name__/values", **around)
    assert {"up", "http_requests_total", "scrape_duration_seconds"} <= set(names)
    assert asked(scraped, "GET", "/api/v1/label/job/values", **around) == SERVICES
    assert "instance" in asked(scraped, "POST", "/api/v1/labels", **around)
    series = asked(scraped, "POST", "/api/v1/series", **{"match[]": 'up{job="chat"}'}, **around)
    assert series == [{"__name__": "up", "instance": "chat-0", "job": "chat"}]
    told = asked(scraped, "GET", "/api/v1/metadata", limit="5000")
    assert told["http_requests_total"][0]["type"] == "counter"
    targets = asked(scraped, "GET", "/api/v1/targets", state="active")["activeTargets"]
    assert {target["labels"]["job"]: target["health"] for target in targets} == dict.fromkeys(SERVICES, "up")


def test_what_a_panel_asks(scraped: RunningProject) -> None:
    end = int(time.time() / 15 + 1) * 15
    fields = {"start": str(end - 3600), "end": str(end), "step": "15"}
    panel = asked(
        scraped, "POST", "/api/v1/query_range", query='sum by (job) (up{job=~"chat|rag"})', **fields
    )
    assert panel["resultType"] == "matrix"
    assert {series["metric"]["job"]: series["values"][-1][1] for series in panel["result"]} == {
        "chat": "1",
        "rag": "1",
    }


def test_what_an_alert_list_asks(scraped: RunningProject) -> None:
    groups = asked(scraped, "GET", "/api/v1/rules")["groups"]
    states = {
        rule["name"]: rule["state"]
        for group in groups
        for rule in group["rules"]
        if rule["type"] == "alerting"
    }
    assert states["ServiceDown"] == "inactive"
    assert all(
        alert["labels"]["alertname"] in states for alert in asked(scraped, "GET", "/api/v1/alerts")["alerts"]
    )
