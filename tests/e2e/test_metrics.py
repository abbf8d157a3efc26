"""`wattos metrics` over a running platform, and the same questions put to a Prometheus that scrapes it."""

import contextlib
import json
import os
import signal
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.prometheus import Api, program
from tests.fakes.running_project import RunningProject, running_project, wait_until
from tests.fakes.schemas import published
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
        (project.root / "note.md").write_text("The library opens at nine.\n")
        assert project.wattos("ingest", "note.md").returncode == 0
        assert project.wattos("ask", "When does the library open?").returncode == 0
        yield project


def asked(house: RunningProject, *argv: str) -> Any:
    done = house.wattos("metrics", *argv, "-o", "json")
    assert done.returncode == 0, done.stderr
    return published(done.stdout)


def states(house: RunningProject) -> dict[str, str]:
    return {row["name"]: row["state"] for row in asked(house)["services"]}


def test_the_first_question_is_in_the_figures(house: RunningProject) -> None:
    wait_until(lambda: bool(asked(house)["models"]), "the call of the model is scraped", SCRAPED_S)
    found = asked(house)
    services = {row["name"]: row for row in found["services"]}
    assert {name: row["state"] for name, row in services.items()} == dict.fromkeys(
        ("agent", "chat", "gateway", "llm-gateway", "rag"), "up"
    )
    assert services["chat"]["requests_per_s"] > 0
    assert services["gateway"]["p95_s"] is not None
    assert found["models"][0]["provider"] == "local"
    assert (found["breakers"], found["dependencies"]) == ([], [])
    table = house.wattos("metrics", environ={"COLUMNS": "80"})
    assert table.stdout.startswith("SERVICE")
    assert "local/" in table.stdout


def test_a_service_that_hangs_is_down_and_one_that_was_stopped_is_there(house: RunningProject) -> None:
    pid = house.row("agent")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: states(house)["agent"] == "down", "the agent is shown as down", SCRAPED_S)
        refused = house.wattos("metrics", "query", "--assert", "min by (job) (up) == 1")
        assert refused.returncode == 1
        assert '0  {job="agent"}' in refused.stdout
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    assert house.wattos("down", "agent").returncode == 0
    assert states(house)["agent"] == "stopped"
    assert house.wattos("up", "agent").returncode == 0
    wait_until(lambda: states(house)["agent"] == "up", "the agent is up again", SCRAPED_S)


def test_the_store_and_a_prometheus_have_the_same_labels(house: RunningProject) -> None:
    port = catalog.component("prometheus").port + house.port_offset
    services = {"agent", "chat", "gateway", "llm-gateway", "rag"}
    wait_until(
        lambda: services <= {each.rpartition("-")[0] for each in Api(port).values("up == 1")},
        "Prometheus has scraped every service",
        SCRAPED_S,
    )
    url = ("--prometheus", f"http://127.0.0.1:{port}")
    for expression in ALIKE:
        ours, theirs = asked(house, "query", expression), asked(house, "query", expression, *url)
        assert labels(ours, services) == labels(theirs, services), expression


def labels(answer: Any, services: set[str]) -> list[list[tuple[str, str]]]:
    rows = (row["metric"] for row in answer["result"])
    return sorted(sorted(row.items()) for row in rows if row.get("job", "chat") in services)


def test_an_assertion_decides_a_pipeline(house: RunningProject, tmp_path: Path) -> None:
    junit = tmp_path / "found.xml"
    good = house.wattos("metrics", "query", "--assert", "min(up) == 1", "--assert", "sum(up) > 4")
    assert (good.returncode, good.stdout.count("ok")) == (0, 2), good.stderr
    bad = house.wattos("metrics", "query", "--assert", "nothing_total > 0", "--junit", str(junit))
    assert bad.returncode == 1
    assert "no data: no such series: nothing_total" in bad.stdout
    empty = house.wattos("metrics", "query", "--assert", 'up{job="nobody"} == 1', "--junit", str(junit))
    assert empty.returncode == 1
    assert "no data" in empty.stdout
    assert ET.parse(junit).getroot().get("failures") == "1"


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
    at = "-5s"
    assert house.wattos("down").returncode == 0
    assert house.wattos("metrics").returncode == 4
    late = house.wattos("metrics", "query", "sum(up)", "--at", at, "-o", "json")
    assert late.returncode == 0, late.stderr
    assert house.wattos("metrics", "list").returncode == 0
