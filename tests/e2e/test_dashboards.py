"""Boards against a platform under load: every query has data, in our store and in a real Prometheus."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.fakes.cli.schemas import published
from tests.fakes.programs.grafana_server import GrafanaServer
from tests.fakes.programs.prometheus import program
from tests.fakes.project.running import RunningProject, running_project, wait_until
from wattos_cli.dashboards.boards import ALL
from wattos_cli.dashboards.provisioning import DATASOURCE
from wattos_cli.dashboards.queries import queries
from wattos_cli.dashboards.scope import of_variable, substituted
from wattos_platform import catalog

pytestmark = [pytest.mark.e2e, pytest.mark.long]
SHOWN_ELSEWHERE = {"Breakers of providers": "test_dashboards_in_trouble.py"}
LOAD = ("loadtest", "smoke", "--duration", "30s", "-o", "json")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A platform with a Prometheus, an agent's run and half a minute of load behind it."""
    program("prometheus")
    with running_project(tmp_path_factory.mktemp("loaded")) as project:
        started = project.wattos("up", "--with", "prometheus")
        assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
        load = project.wattos(*LOAD)
        # Beside other tests it may be slow, and say so; that it went well is all that boards need of it.
        assert json.loads(load.stdout)["failures"] == 0, f"{load.stdout}\n{load.stderr}"
        yield project


def search_and_run_an_agent(project: RunningProject) -> None:
    """Search for something new, and have an agent look something up, which uses a tool."""
    token = project.wattos("token", "create", "-q", "--ttl", "5m").stdout.strip()
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=project.url("gateway"), headers=headers, timeout=20) as client:
        space = client.post("/api/v1/knowledge-spaces", json={"name": f"s{time.monotonic_ns()}"}).json()["id"]
        words = {"query": "harbour", "knowledge_space_id": space}
        assert client.post("/api/v1/search", json=words).status_code == 200
        task = {"input": "When does the harbour open?", "knowledge_space_id": space}
        run = client.post("/api/v1/agents/legal/runs", json=task)
        assert run.status_code == 202, run.text
        with client.stream("GET", f"/api/v1/runs/{run.json()['id']}/events") as followed:
            assert "event: done" in list(followed.iter_lines())


def prometheus(project: RunningProject) -> str:
    return f"http://127.0.0.1:{catalog.component('prometheus').port + project.port_offset}"


def test_every_query_has_data_in_the_platforms_own_store(loaded: RunningProject) -> None:
    done = loaded.wattos("dashboards", "check", "--live", "-o", "json")
    told = published(done.stdout)
    assert told["failures"] == []
    assert told["checks"] == 18 * len(ALL) + len(queries())
    assert done.returncode == 0


def test_every_query_has_data_in_a_real_prometheus(loaded: RunningProject) -> None:
    done = loaded.wattos("dashboards", "check", "--prometheus", prometheus(loaded), "-o", "json")
    assert published(done.stdout)["failures"] == []
    assert done.returncode == 0


class Asker:
    """Asks as Grafana does: a data source's address, and the header that its provisioning gives it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def get(self, path: str, **parameters: str) -> Any:
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "success"
        return answer.json()["data"]


@pytest.fixture(scope="module", params=["own store", "prometheus"])
def source(request: pytest.FixtureRequest, loaded: RunningProject) -> Iterator[Asker]:
    """What a board's variable `Data source` may choose."""
    url, headers = (prometheus(loaded), {}) if request.param == "prometheus" else own_store(loaded)
    with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        yield Asker(client)


def own_store(project: RunningProject) -> tuple[str, dict[str, str]]:
    """Return address and headers of the data source that is provisioned for the platform's own metrics."""
    (provisioned,) = yaml.safe_load(DATASOURCE)["datasources"]
    url, _, port = provisioned["url"].rpartition(":")
    data = provisioned["secureJsonData"]["httpHeaderValue1"]
    token = (project.root / ".wattos/run/metrics.token").read_text().strip()
    header = {provisioned["jsonData"]["httpHeaderName1"]: data.replace("$WATTOS_METRICS_TOKEN", token)}
    return f"{url}:{int(port) + project.port_offset}", header


def test_the_variables_offer_services_and_replicas(source: Asker) -> None:
    offered = {}
    for name in ("namespace", "job", "instance"):
        query = substituted(of_variable(name))
        selector = query.removeprefix("label_values(").rpartition(",")[0]
        offered[name] = set(source.get(f"label/{name}/values", **{"match[]": selector}))
    bundled = {service.name for service in catalog.SERVICES if service.default}
    assert offered["namespace"] == set()
    assert offered["job"] == bundled
    assert offered["instance"] == {f"{name}-0" for name in bundled}


def test_panels_draw_a_line(source: Asker) -> None:
    now = time.time()
    times = {"start": f"{now - 300:.3f}", "end": f"{now:.3f}", "step": "15"}
    empty = []
    for query in queries(interval="1m", span="5m"):
        drawn = source.get("query_range", query=query.expr, **times)["result"]
        values = [value for each in drawn for _at, value in each["values"]]
        if not query.empty and all(value == "NaN" for value in values):
            empty.append(query)
    assert empty == []


def test_one_service_alone_can_be_chosen(source: Asker) -> None:
    chosen = queries(selected={"job": "chat|rag", "instance": "chat-0"})
    (replicas,) = [query.expr for query in chosen if query.panel == "Replicas"]
    shown = source.get("query", query=replicas)["result"]
    assert [(each["metric"]["instance"], each["value"][1]) for each in shown] == [("chat-0", "1")]


def test_what_may_be_empty_is_there_once_it_happened(loaded: RunningProject) -> None:
    rare = [
        query.expr
        for query in queries(interval="5m", span="1h")
        if query.empty and query.panel not in SHOWN_ELSEWHERE
    ]
    assert rare
    assert all((Path(__file__).parent / place).exists() for place in SHOWN_ELSEWHERE.values())

    def all_there() -> bool:
        search_and_run_an_agent(loaded)
        return all(is_there(loaded, expr) for expr in rare)

    wait_until(all_there, f"every one of {rare} has data", timeout_s=60)


def is_there(project: RunningProject, expr: str) -> bool:
    done = project.wattos("metrics", "query", expr, "-o", "json")
    assert done.returncode == 0, done.stderr
    return any(each["value"][1] != "NaN" for each in json.loads(done.stdout)["result"])


def test_without_load_there_is_no_data_and_the_check_says_so(tmp_path: Path) -> None:
    with running_project(tmp_path / "idle") as project:
        done = project.wattos("dashboards", "check", "--live")
        assert done.returncode == 4
        assert "no metrics were scraped yet" in done.stderr


def test_boards_are_pushed_over_http(tmp_path: Path, loaded: RunningProject) -> None:
    with GrafanaServer() as grafana:
        (tmp_path / "token").write_text(grafana.token)
        push = ("dashboards", "push", "--grafana", grafana.url, "--token-file", str(tmp_path / "token"))
        for outcome in ("created", "unchanged"):
            done = loaded.wattos(*push, "-o", "json")
            assert done.returncode == 0, done.stderr
            assert {board["outcome"] for board in published(done.stdout)["boards"]} == {outcome}
        refused = loaded.wattos(*push[:-1], str(tmp_path / "missing"))
        assert refused.returncode == 3
        assert grafana.token not in done.stdout + done.stderr


def test_generated_files_pass_and_a_changed_one_does_not(loaded: RunningProject) -> None:
    made = loaded.wattos("dashboards", "generate", "--selector", 'cluster="school"')
    assert made.returncode == 0, made.stderr
    check = ("dashboards", "check", "--selector", 'cluster="school"')
    assert loaded.wattos(*check).returncode == 0
    (loaded.root / "dashboards/grafana/wattos-llm.json").write_text("{}")
    done = loaded.wattos(*check)
    assert done.returncode == 1
    assert "wattos-llm.json" in done.stdout
