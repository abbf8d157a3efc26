"""`wattos drill` against a running platform: built-in drills, one that must fail, signals in between."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.drills.house import check_that_it_holds, drill_house, failed_steps, faults, open_breakers
from tests.fakes.project.running import RunningProject, wait_until
from wattos_cli.drills.files.built_in import built_in_names
from wattos_cli.drills.files.catalogue import drills_called

pytestmark = [pytest.mark.e2e, pytest.mark.long(200), pytest.mark.timeout(150)]
BREAKER = "llm:openai"
# Those of providers are in test_drills_of_providers.py, which runs at the same time.
DRILLS = [drill.name for drill in drills_called(built_in_names(), Path()) if not drill.requires.providers]
ENDLESS = """
name = "endless"
summary = "A fault that lasts beyond its drill."
hypothesis = "It ends by itself."
[requires]
providers = ["openai"]
[load]
journeys = { Model = 1 }
model = "default"
[phases]
steady = "3s"
fault = "60s"
recovery = "5s"
[[steady]]
threshold = "errors:rate<1%"
[[fault]]
kind = "simulator"
request = { kind = "status", status = 503, provider = "openai" }
ttl = "6s"
[[assertions]]
when = "fault"
breaker = "llm:openai"
state = "open"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    with drill_house(tmp_path_factory.mktemp("house")) as project:
        yield project


def tell(house: RunningProject, action: str) -> None:
    """Give an order to the provider's breaker on the operations socket."""
    (row,) = [row for row in house.state()["services"] if row["name"] == "llm-gateway"]
    operator = (house.root / ".wattos/run/operator.token").read_text().strip()
    with httpx.Client(transport=httpx.HTTPTransport(uds=row["ops_socket"]), base_url="http://ops") as client:
        answer = client.post(
            f"/admin/breakers/{BREAKER}/{action}",
            json={"reason": "a test", "actor": "a test"},
            headers={"authorization": f"Bearer {operator}"},
        )
    assert answer.status_code == 200, answer.text


def begun(house: RunningProject, *argv: str) -> subprocess.Popen[str]:
    """Start `wattos drill run` and return it once a fault is on."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "wattos_cli", "drill", "run", *argv],
        cwd=house.root,
        env=house.process_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: process.poll() is not None or faults(house) != [], "a fault is on", 60)
        assert process.poll() is None, process.communicate()
    except BaseException:
        process.kill()
        raise
    return process


@pytest.mark.parametrize("name", DRILLS)
def test_the_platform_holds(house: RunningProject, tmp_path: Path, name: str) -> None:
    check_that_it_holds(house, tmp_path, name)


def test_with_the_breaker_disabled_an_outage_goes_red(house: RunningProject) -> None:  # defect-77
    tell(house, "disable")
    try:
        done = house.wattos("drill", "run", "llm-outage", "-o", "json", timeout_s=140)
    finally:
        tell(house, "reset")
    assert done.returncode == 1, f"{done.stdout}\n{done.stderr}"
    result = published(done.stdout)
    assert result["verdict"] == "fail"
    assert {"fault: the breaker opens", "fault: the provider is left alone"} <= set(failed_steps(result))
    assert result["figures"]["open_s"] is None
    assert faults(house) == []


@pytest.mark.parametrize(
    ("signals", "codes"),
    [
        ([signal.SIGINT], {130}),
        # The second may find an interpreter that is leaving already; a shell calls that 130, too.
        ([signal.SIGINT] * 2, {130, -signal.SIGINT}),
        ([signal.SIGTERM], {143}),
    ],
)
def test_a_signal_in_the_middle_leaves_no_fault_behind(
    house: RunningProject, tmp_path: Path, signals: Sequence[signal.Signals], codes: set[int]
) -> None:
    report = tmp_path / "drill.json"
    process = begun(house, "llm-outage", "--json", str(report))
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    _, told = process.communicate(timeout=60)
    assert process.returncode in codes, told
    assert faults(house) == []
    assert BREAKER not in open_breakers(house)
    assert "rollback: undo: openai: status 503" in told
    if len(signals) == 1:
        result = published(report.read_text())
        assert (result["verdict"], result["drill"]) == ("invalid", "llm-outage")


def test_a_drill_that_is_killed_leaves_a_fault_that_ends_by_itself(house: RunningProject) -> None:
    (house.root / "endless.toml").write_text(ENDLESS)
    process = begun(house, "./endless.toml")
    process.kill()
    process.wait()
    assert [fault["spec"]["ttl_s"] for fault in faults(house)] == [6.0]
    process.communicate(timeout=60)
    wait_until(lambda: faults(house) == [], "the fault ended by itself")
    tell(house, "reset")


def test_a_platform_that_is_not_steady_is_left_alone(house: RunningProject) -> None:
    (house.root / "strict.toml").write_text(ENDLESS.replace("errors:rate<1%", "p50<0.001ms"))
    done = house.wattos("drill", "run", "./strict.toml", "-o", "json")
    assert done.returncode == 4, done.stderr
    result = json.loads(done.stdout)
    assert result["reason"].startswith(
        "not steady before anything was broken: p50<0.001ms (steady) (measured"
    )
    assert [step["name"].split(":")[0] for step in result["steps"]] == ["steady"]
