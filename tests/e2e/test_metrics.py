"""`wattos metrics` over a running platform, and the same questions put to a Prometheus that scrapes it."""

import json
import os
import signal
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.programs.prometheus import Api, program
from tests.fakes.project.running import NONE_BUNDLED, STAYS_DOWN, RunningProject, running_project, wait_until
from wattos_platform import catalog

pytestmark = pytest.mark.e2e

SCRAPED_S = 30.0
# Whose answers are the same at any moment after the first scrape.
ALIKE = (
    "up",
    "build_info",
    "circuit_breaker_state",
    "sum by (job) (health_check_up)",
    "count by (job, instance) (http_requests_in_flight)",
    "count by (__name__) ({__name__=~'concurrency_.*', job='chat'})",
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A platform with a Prometheus beside it, which has answered a question."""
    program("prometheus")
    with running_project(tmp_path_factory.mktemp("metrics")) as project:
        project.configure('[metrics]\nscrape_interval = "1s"\n')
        up = project.wattos("up", "--with", "prometheus")
        assert up.returncode == 0, f"{up.stdout}\n{up.stderr}"
        scrape(project)  # what was counted before the first scrape is not in the figures
        (project.root / "note.md").write_text("The library opens at nine.\n")
        assert project.wattos("ingest", "note.md").returncode == 0
        assert project.wattos("ask", "When does the library open?").returncode == 0
        scrape(project)
        yield project


def scrape(house: RunningProject) -> None:
    """Have every service scraped, as an assertion does."""
    assert house.wattos("metrics", "query", "--assert", "vector(1) == 1").returncode == 0


def asked(house: RunningProject, *argv: str) -> Any:
    done = house.wattos("metrics", *argv, "-o", "json")
    assert done.returncode == 0, done.stderr
    return published(done.stdout)


def states(house: RunningProject) -> dict[str, str]:
    return {row["name"]: row["state"] for row in asked(house)["services"]}


def test_the_first_question_is_in_the_figures(house: RunningProject) -> None:
    expected = dict.fromkeys(("agent", "chat", "gateway", "llm-gateway", "rag"), "up")
    wait_until(lambda: states(house) == expected, "every service is up", SCRAPED_S)
    found = asked(house)
    services = {row["name"]: row for row in found["services"]}
    assert services["chat"]["requests_per_s"] > 0
    assert services["gateway"]["p95_s"] is not None
    assert found["models"][0]["provider"] == "local"
    assert (found["breakers"], found["dependencies"]) == ([], [])
    table = house.wattos("metrics", environ={"COLUMNS": "80"})
    assert table.stdout.startswith("SERVICE")
    assert "local/" in table.stdout


def test_a_service_that_was_stopped_is_there(house: RunningProject) -> None:
    assert house.wattos("down", "agent").returncode == 0
    assert states(house)["agent"] == "stopped"
    assert house.wattos("up", "agent").returncode == 0
    wait_until(lambda: states(house)["agent"] == "up", "the agent is up again", SCRAPED_S)


def test_the_store_its_api_and_a_prometheus_have_the_same_labels(house: RunningProject) -> None:
    port = catalog.component("prometheus").port + house.port_offset
    services = {"agent", "chat", "gateway", "llm-gateway", "rag"}
    wait_until(
        lambda: services <= {each.rpartition("-")[0] for each in Api(port).values("up == 1")},
        "Prometheus has scraped every service",
        SCRAPED_S,
    )
    own = catalog.SUPERVISOR_PORT + house.port_offset
    token = ("--token-file", ".wattos/run/metrics.token")
    whom = (
        (),
        ("--prometheus", f"http://127.0.0.1:{port}"),
        ("--prometheus", f"http://127.0.0.1:{own}", *token),
    )

    def alike(expression: str) -> bool:
        files, real, loopback = (labels(asked(house, "query", expression, *each), services) for each in whom)
        return files == real == loopback and bool(files)

    for expression in ALIKE:  # a scrape that fails on a busy machine ends its series until the next
        wait_until(lambda expression=expression: alike(expression), f"{expression} is alike", SCRAPED_S)
    refused = house.wattos("metrics", "query", "up", "--prometheus", f"http://127.0.0.1:{own}")
    assert refused.returncode == 4
    assert "asks for a token" in refused.stderr


def labels(answer: Any, services: set[str]) -> list[list[tuple[str, str]]]:
    rows = (row["metric"] for row in answer["result"])
    return sorted(sorted(row.items()) for row in rows if row.get("job", "chat") in services)


def test_an_assertion_decides_a_pipeline(house: RunningProject, tmp_path: Path) -> None:
    junit = tmp_path / "found.xml"
    good = house.wattos("metrics", "query", "--assert", "count(up) > 4", "--assert", "max(up) == 1")
    assert (good.returncode, good.stdout.count("ok")) == (0, 2), good.stderr
    bad = house.wattos("metrics", "query", "--assert", "nothing_total > 0", "--junit", str(junit))
    assert bad.returncode == 1
    assert "no data: no such series: nothing_total" in bad.stdout
    empty = house.wattos("metrics", "query", "--assert", 'up{job="nobody"} == 1', "--junit", str(junit))
    assert empty.returncode == 1
    assert "no data" in empty.stdout
    assert ET.parse(junit).getroot().get("failures") == "1"


def test_an_assertion_scrapes_first_and_a_dead_service_is_down(project: RunningProject) -> None:
    port = 3046 + project.port_offset
    project.configure(
        f'metrics.scrape_interval = "10m"\n{NONE_BUNDLED}'
        f'[services.shop]\nmetrics = "/metrics"\nport = {port}\n'
        f'command = ["{sys.executable}", "-m", "http.server", "{port}", "--bind", "127.0.0.1"]\n'
    )
    project.environ |= STAYS_DOWN
    exposed = project.root / "metrics"
    exposed.write_text("# TYPE orders_total counter\norders_total 7\n")
    up = project.wattos("up")
    assert up.returncode == 0, up.stderr
    assert states(project) == {"shop": "up"}  # at once, scraped by the way when nothing was yet
    for count in (8, 9):
        exposed.write_text(f"# TYPE orders_total counter\norders_total {count}\n")
        judged = project.wattos("metrics", "query", "--assert", f'orders_total{{job="shop"}} == {count}')
        assert judged.returncode == 0, f"{judged.stdout}\n{judged.stderr}"
    assert project.wattos("metrics", "query", "--assert", "orders_total > 9").returncode == 1
    assert states(project) == {"shop": "up"}
    os.kill(project.row("shop")["pid"], signal.SIGKILL)
    wait_until(lambda: project.row("shop")["state"] == "backoff", "the shop is gone", SCRAPED_S)
    down = project.wattos("metrics", "query", "--assert", "up == 1")
    assert (down.returncode, down.stdout.splitlines()[1].split()[0]) == (1, "0"), down.stderr
    assert states(project) == {"shop": "down"}


def test_what_is_wrong_is_named_with_its_place(house: RunningProject, tmp_path: Path) -> None:
    broken = house.wattos("metrics", "query", "sum(up")
    assert (broken.returncode, broken.stderr.splitlines()[1:3]) == (2, ["  sum(up", "        ^"])
    other = house.wattos("metrics", "query", "http_request_total", "-o", "json")
    assert other.returncode == 1
    assert json.loads(other.stderr)["details"]["near"] == ["http_requests_total"]
    away = house.wattos("metrics", "query", "up", "--prometheus", "http://127.0.0.1:1")
    assert away.returncode == 4
    assert house.wattos("-C", str(tmp_path), "metrics").returncode == 4


def test_the_list_names_what_the_registry_declares(house: RunningProject) -> None:
    listed = {row["name"]: row for row in asked(house, "list")["metrics"]}
    assert listed["http_request_duration_seconds"]["type"] == "histogram"
    assert listed["http_request_duration_seconds"]["unit"] == "seconds"
    assert listed["up"]["series"] >= 5


def test_it_answers_after_the_end(house: RunningProject) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    assert house.wattos("down").returncode == 0
    assert house.wattos("metrics").returncode == 4
    late = house.wattos("metrics", "query", "sum(up)", "--at", at, "-o", "json")
    assert late.returncode == 0, late.stderr
    assert json.loads(late.stdout)["result"]
    assert house.wattos("metrics", "list").returncode == 0
