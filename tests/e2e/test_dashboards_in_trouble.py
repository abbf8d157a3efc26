"""What boards show when something is wrong: a provider that fails, callers who ask too much or are nobody."""

import json
import os
import signal
from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.project.running import RunningProject, running_project, wait_until
from wattos_cli.dashboards.queries import Asked, queries

pytestmark = pytest.mark.e2e
QUERIES = queries(interval="1m", span="5m")
USER_LIMIT = 100


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    """A platform whose one provider is the simulator, about to fail."""
    with running_project(tmp_path_factory.mktemp("ill")) as project:
        started = project.wattos("up", "--with", "simulator", "--provider", "openai")
        assert started.returncode == 0, f"{started.stdout}\n{started.stderr}"
        yield project


@pytest.fixture(scope="module")
def client(ill: RunningProject) -> Iterator[httpx.Client]:
    token = ill.wattos("token", "create", "-q", "--ttl", "10m").stdout.strip()
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=ill.url("gateway"), headers=headers, timeout=20) as made:
        yield made


def ask(client: httpx.Client, model: str = "default") -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "Who answers?"}]}
    return client.post("/v1/chat/completions", json=body).status_code


def query(board: str, panel: str, legend: str | None = None) -> Asked:
    """Return the one query of a panel, or the one with that legend."""
    (found,) = [
        each
        for each in QUERIES
        if (each.board, each.panel) == (f"wattos-{board}", panel) and legend in {None, each.legend}
    ]
    return found


def shown(project: RunningProject, asked: Asked) -> dict[str, float]:
    """Return what the panel shows now: value by the labels of a series."""
    done = project.wattos("metrics", "query", asked.expr, "-o", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)["result"]
    return {" ".join(each["metric"].values()): float(each["value"][1]) for each in result}


def scrape(project: RunningProject) -> None:
    """Have all replicas scraped: a counter that is seen once only has grown for nobody."""
    done = project.wattos("metrics", "query", "--assert", "min(up) == 1")
    assert done.returncode == 0, done.stderr


def grows(project: RunningProject, asked: Asked, labels: str = "") -> bool:
    """Return whether a panel shows more than nothing, in a series with `labels`."""
    return any(value > 0 and labels in name for name, value in shown(project, asked).items())


def test_a_paid_answer_is_on_the_board_of_models(ill: RunningProject, client: httpx.Client) -> None:
    panels = [query("llm", "Cost an hour"), query("llm", "Cost by model"), query("overview", "Cost an hour")]

    def costs() -> bool:
        assert ask(client, "gpt-4o-mini") == 200
        scrape(ill)
        return all(grows(ill, asked) for asked in panels)

    wait_until(costs, "answers cost something", timeout_s=60)
    assert shown(ill, query("llm", "Breakers of providers")) == {"llm:openai": 1}
    assert shown(ill, query("overview", "Breakers open")) == {"": 0}


def test_a_provider_that_fails_is_seen(ill: RunningProject, client: httpx.Client) -> None:
    simulator = ill.url("simulator")
    httpx.post(f"{simulator}/simulator/faults", json={"kind": "status", "status": 500}, timeout=10)

    def seen() -> bool:
        assert ask(client) == 200  # `local` answers in its place
        scrape(ill)
        return shown(ill, query("llm", "Breakers of providers")) == {"llm:openai": 0}

    wait_until(seen, "the breaker of the provider is open", timeout_s=60)
    assert shown(ill, query("overview", "Breakers open"))[""] >= 1
    assert grows(ill, query("llm", "Failed"))
    assert grows(ill, query("llm", "Fallbacks"), "openai")
    assert grows(ill, query("llm", "Errors by fault domain"), "provider_")
    assert grows(ill, query("resilience", "Failure rate"), "llm:openai")

    def refused() -> bool:
        assert ask(client) == 200
        scrape(ill)
        return grows(ill, query("resilience", "Calls refused by breakers"), "llm:openai")

    wait_until(refused, "the breaker refuses calls", timeout_s=60)


def test_callers_who_ask_too_much_or_are_nobody_are_seen(ill: RunningProject, client: httpx.Client) -> None:
    panels = [
        query("resilience", "Refused by limit"),
        query("resilience", "Share refused"),
        query("loadtest", "Refused", "by rate limits"),
        query("services", "Credentials refused"),
        query("services", "By status"),
    ]

    def seen() -> bool:
        answers = {client.get("/api/v1/runs").status_code for _ in range(USER_LIMIT + 1)}
        assert answers <= {200, 429}
        nobody = client.get("/api/v1/runs", headers={"authorization": "Bearer wk_nobody"})
        assert nobody.status_code == 401
        scrape(ill)
        return all(grows(ill, asked) for asked in panels)

    wait_until(seen, "refusals are shown", timeout_s=60)
    assert any("401" in name for name in shown(ill, query("services", "By status")))


def test_a_replica_that_is_down_is_seen(ill: RunningProject) -> None:
    wait_until(lambda: shown(ill, query("overview", "Replicas down")) == {"": 0}, "all are up", timeout_s=60)
    os.kill(ill.row("agent")["pid"], signal.SIGSTOP)
    try:
        wait_until(
            lambda: shown(ill, query("overview", "Replicas down")) == {"": 1}, "agent-0 is down", timeout_s=60
        )
        states = shown(ill, query("overview", "Replicas"))
        assert [value for name, value in states.items() if "agent-0" in name] == [0]
    finally:
        os.kill(ill.row("agent")["pid"], signal.SIGCONT)
