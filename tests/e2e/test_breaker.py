"""Breakers steered from the command line, on a platform with two model gateways, without and with Redis."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.project.running import RunningProject, running_project, wait_until

pytestmark = pytest.mark.e2e
NAME = "llm:openai"
ASKED = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module", params=["alone", "redis"])
def house(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningProject]:
    """The simulator as openai behind two model gateways."""
    with running_project(tmp_path_factory.mktemp("house")) as project:
        more = "simulator,redis" if request.param == "redis" else "simulator"
        started = project.wattos(
            "up", "--with", more, "--provider", "openai", "--scale", "llm-gateway=2", "--timeout", "100s"
        )
        assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
        yield project


def states(house: RunningProject) -> dict[int, str]:
    """Return the state of the breaker in each model gateway."""
    done = house.wattos("breaker", "list", "--service", "llm-gateway", "-o", "json")
    assert done.returncode == 0, done.stderr
    rows = published(done.stdout)["breakers"]
    return {row["replica"]: row["state"] for row in rows if row["name"] == NAME}


def ask(house: RunningProject, token: str) -> httpx.Response:
    """Ask for a named model, on a connection of its own: it may land on either replica."""
    headers = {"authorization": f"Bearer {token}", "connection": "close"}
    url = f"{house.url('gateway')}/v1/chat/completions"
    return httpx.post(url, json=ASKED, headers=headers, timeout=30, verify=False)


def received(house: RunningProject) -> int:
    """Return how many requests the simulator has received as a provider."""
    return int(httpx.get(f"{house.url('simulator')}/simulator/requests", verify=False).json()["total"])


def audit(house: RunningProject, event: str, reason: str) -> list[dict[str, Any]]:
    where = f'event = "{event}" and reason = "{reason}"'
    done = house.wattos("logs", "llm-gateway", "--run", "all", "--where", where, "-o", "json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def token(house: RunningProject) -> str:
    return house.wattos("token", "create", "-q").stdout.strip()


@pytest.mark.parametrize("reason", [pytest.param("drill", id="defect-45")])
def test_a_trip_refuses_on_every_replica_and_ends_by_itself(
    house: RunningProject, token: str, reason: str
) -> None:
    assert states(house) == {0: "closed", 1: "closed"}
    before = received(house)
    done = house.wattos(
        "breaker", "trip", NAME, "--reason", reason, "--for", "5m", "-o", "json",
        environ={"WATTOS_ACTOR": "ann@box"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = published(done.stdout)["replicas"]
    assert [(row["service"], row["replica"], row["state"]) for row in told] == [
        ("llm-gateway", 0, "forced_open"),
        ("llm-gateway", 1, "forced_open"),
    ]
    with ThreadPoolExecutor(8) as at_once:
        answers = list(at_once.map(lambda _number: ask(house, token), range(16)))
    assert {answer.status_code for answer in answers} == {503}
    assert received(house) == before

    lines = audit(house, "breaker.tripped", reason)
    assert len(lines) == 2
    # A replica that Redis told before the command did was told what was left by then.
    assert max(line["ttl_s"] for line in lines) == 300.0
    for line in lines:
        assert (line["breaker"], line["actor"]) == (NAME, "ann@box")
        assert 0 < line["ttl_s"] <= 300.0
        assert line["expires_at"] > line["time"]

    shorter = house.wattos("breaker", "trip", NAME, "--reason", "nearly over", "--for", "1s")
    assert shorter.returncode == 0, shorter.stderr
    wait_until(lambda: "forced_open" not in states(house).values(), "the trip ended by itself")
    assert set(states(house).values()) == {"half_open"}
    assert ask(house, token).status_code == 200
    assert "closed" in states(house).values()
    assert received(house) > before
    assert house.wattos("breaker", "reset", NAME, "--reason", "next test").returncode == 0


def test_health_names_a_tripped_breaker_and_its_reason(house: RunningProject) -> None:
    assert house.wattos("breaker", "trip", NAME, "--reason", "vendor moves").returncode == 0
    shown = house.wattos("health", "llm-gateway", environ={"COLUMNS": "200"})
    assert shown.returncode == 0, shown.stderr
    assert re.search(
        rf"degraded .*{NAME} down: circuit breaker forced open for \d+ s, .*vendor", shown.stdout
    )
    assert house.wattos("health", "--fail-on", "degraded").returncode == 1
    assert house.wattos("breaker", "reset", NAME, "--reason", "vendor moved").returncode == 0
    wait_until(lambda: house.wattos("health", "--fail-on", "degraded").returncode == 0, "all is well again")


def test_a_trip_without_a_reason_is_a_usage_error(house: RunningProject) -> None:
    done = house.wattos("breaker", "trip", NAME, "--for", "30s")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--reason" in done.stderr
    assert states(house) == {0: "closed", 1: "closed"}


def test_a_misspelt_breaker_is_a_usage_error_with_a_suggestion(house: RunningProject) -> None:
    done = house.wattos("breaker", "trip", "llm:opnai", "--reason", "drill")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'llm:openai'?" in done.stderr


def test_an_order_given_to_one_replica_reaches_the_other_over_redis_alone(
    house: RunningProject, request: pytest.FixtureRequest
) -> None:
    """What another machine's command line would do: it reaches only some of the replicas itself."""
    order = {"reason": "from elsewhere", "actor": "bob@far", "scope": "platform", "ttl_s": 60}
    shared = tell(house, 0, "trip", order)["shared"]
    if not shared:
        time.sleep(1)
        assert states(house) == {0: "forced_open", 1: "closed"}
    else:
        wait_until(lambda: states(house) == {0: "forced_open", 1: "forced_open"}, "the other obeyed too")
        assert house.wattos("restart", "llm-gateway").returncode == 0
        assert states(house) == {0: "forced_open", 1: "forced_open"}
    done = house.wattos("breaker", "reset", NAME, "--reason", "over")
    assert done.returncode == 0, done.stderr
    assert states(house) == {0: "closed", 1: "closed"}


def tell(house: RunningProject, replica: int, action: str, order: dict[str, Any]) -> dict[str, Any]:
    """Give an order on the operations socket of one replica."""
    rows = house.state()["services"]
    (row,) = [row for row in rows if (row["name"], row["replica"]) == ("llm-gateway", replica)]
    operator = (house.root / ".wattos/run/operator.token").read_text().strip()
    transport = httpx.HTTPTransport(uds=row["ops_socket"])
    with httpx.Client(transport=transport, base_url="http://ops") as client:
        answer = client.post(
            f"/admin/breakers/{NAME}/{action}", json=order, headers={"authorization": f"Bearer {operator}"}
        )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body
