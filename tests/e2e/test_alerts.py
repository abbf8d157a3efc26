"""`wattos alerts` in a real outage: it fires without a Prometheus, and is over when the service is back."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.project.running import STAYS_DOWN, RunningProject, running_project, wait_until

pytestmark = pytest.mark.e2e
TOML = """
[metrics]
scrape_interval = "1s"
[alerts]
time_scale = 60
"""
TOLD_S = 60.0


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A platform whose alerts wait a sixtieth of their time; what is killed stays down."""
    with running_project(tmp_path_factory.mktemp("rehearsal")) as fresh:
        fresh.environ |= STAYS_DOWN
        fresh.configure(TOML)
        up = fresh.wattos("up")
        assert up.returncode == 0, up.stderr
        yield fresh


def alerts(project: RunningProject, *argv: str) -> list[dict[str, Any]]:
    done = project.wattos("alerts", *argv, "-o", "json")
    listed: list[dict[str, Any]] = published(done.stdout)["alerts"]
    return listed


def firing(project: RunningProject) -> set[tuple[str, str]]:
    return {(each["name"], each["labels"]["job"]) for each in alerts(project, "--state", "firing")}


def test_an_outage_fires_and_its_end_ends_it(rehearsal: RunningProject) -> None:
    wait_until(lambda: "up" in rehearsal.wattos("metrics", "query", "up").stdout, "a scrape", TOLD_S)
    none_critical = ("alerts", "--fail-on", "firing", "--severity", "critical")
    # At a sixtieth of every wait, a busy machine makes a service look down for a moment.
    wait_until(lambda: rehearsal.wattos(*none_critical).returncode == 0, "all is well", TOLD_S)
    os.kill(rehearsal.row("rag")["pid"], signal.SIGKILL)
    wait_until(lambda: ("ServiceDown", "rag") in firing(rehearsal), "the outage fires", TOLD_S)
    failed = rehearsal.wattos("alerts", "--fail-on", "firing", "--junit", "alerts.xml")
    assert failed.returncode == 1
    assert "No replica of rag answers." in failed.stdout
    assert "wattos alerts show ServiceDown" in failed.stderr
    assert "ServiceDown{job=rag" in (rehearsal.root / "alerts.xml").read_text()
    assert rehearsal.wattos("restart", "rag").returncode == 0
    wait_until(lambda: ("ServiceDown", "rag") not in firing(rehearsal), "it is over", TOLD_S)


def test_a_service_that_was_stopped_is_not_missed(rehearsal: RunningProject) -> None:
    assert rehearsal.wattos("down", "agent").returncode == 0
    still = 'count by (job) (up{job="agent"})'
    wait_until(
        lambda: rehearsal.wattos("metrics", "query", still).stdout == "", "it is no target any more", TOLD_S
    )
    waiting = {(each["name"], each["labels"]["job"]) for each in alerts(rehearsal, "--state", "pending")}
    assert ("ServiceDown", "agent") not in waiting | firing(rehearsal)


def test_what_is_generated_is_what_is_checked(rehearsal: RunningProject) -> None:
    assert rehearsal.wattos("alerts", "generate").returncode == 0
    checked = rehearsal.wattos("alerts", "check", "-o", "json")
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["not_asked"] == []


def test_a_mistake_in_the_slo_file_is_named_with_its_place(rehearsal: RunningProject) -> None:
    (rehearsal.root / "slo.yaml").write_text("schema: wattos.slo/v1\nslo: []\n")
    done = rehearsal.wattos("alerts", "--slo", "slo.yaml")
    assert done.returncode == 3
    assert "slo.yaml:2:1: unknown key 'slo'. Did you mean 'slos'?" in done.stderr
