"""`wattos config reload` on a running platform: what changes, what stays, and that no process does."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.project.running import RunningProject, running_project, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.long]

BASE = '[llm]\nproviders = ["openai"]\n'
ONE_TOKEN = "[limits]\ntenant.tokens_per_minute = 1\n"
ANSWER_TOKENS = 40


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    with running_project(tmp_path_factory.mktemp("reload")) as project:
        project.configure(BASE)
        up = project.wattos("up", "gateway", "--scale", "llm-gateway=2", "--with", "simulator")
        assert up.returncode == 0, f"{up.stdout}\n{up.stderr}"
        yield project


@pytest.fixture
def house(started: RunningProject) -> Iterator[RunningProject]:
    """The platform under BASE, with the same processes before and after."""
    before = pids(started)
    yield started
    assert reload(started, BASE)[0] == 0
    assert pids(started) == before


def pids(house: RunningProject) -> dict[tuple[str, int], int]:
    return {(row["name"], row["replica"]): row["pid"] for row in house.rows()}


def reload(house: RunningProject, toml: str) -> tuple[int, Any]:
    """Return the exit code of a reload of `toml` and what it printed."""
    house.configure(toml)
    done = house.wattos("config", "reload", "-o", "json")
    return done.returncode, published(done.stdout) if done.stdout else json.loads(done.stderr)


def changed(house: RunningProject, toml: str) -> dict[str, list[str]]:
    """Return what a reload of `toml` changed at each replica."""
    code, body = reload(house, toml)
    assert (code, body["not_reloaded"]) == (0, []), body
    return {f"{row['name']}-{row['replica']}": row["changed"] for row in body["services"]}


def caller(house: RunningProject, tenant: str) -> httpx.Client:
    made = house.wattos("token", "create", "-q", "--tenant", tenant, "--role", "admin")
    assert made.returncode == 0, made.stderr
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    return httpx.Client(base_url=house.url("gateway"), headers=headers, timeout=20, verify=False)


def body(model: str = "gpt-4o-mini", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "Is anybody there?"}], **more}


def ask(client: httpx.Client, model: str = "gpt-4o-mini") -> httpx.Response:
    return client.post("/v1/chat/completions", json=body(model))


@pytest.mark.parametrize("limit", [pytest.param(ONE_TOKEN, id="defect-59")])
def test_a_new_limit_refuses_and_its_removal_does_not(house: RunningProject, limit: str) -> None:
    with caller(house, "acme") as client:
        assert [ask(client).status_code for _ in range(5)] == [200] * 5
        assert changed(house, BASE + limit) == {
            "gateway-0": [],
            "llm-gateway-0": ["limits"],
            "llm-gateway-1": ["limits"],
        }
        answers = [ask(client) for _ in range(5)]
        assert [answer.status_code for answer in answers].count(200) <= 2, "a first one at each replica"
        refused = answers[-1]
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        assert int(refused.headers["retry-after"]) >= 1
        assert changed(house, BASE)["llm-gateway-1"] == ["limits"]
        assert ask(client).status_code == 200


def test_a_rate_at_the_door(house: RunningProject) -> None:
    with caller(house, "slow") as slow, caller(house, "other") as other:
        rate = '[limits.tenants.slow]\ntenant = "1r/h"\n'
        assert changed(house, BASE + rate)["gateway-0"] == ["limits"]
        assert [slow.get("/v1/models").status_code for _ in range(3)] == [200, 429, 429]
        assert other.get("/v1/models").status_code == 200


def test_a_new_provider_is_asked(house: RunningProject) -> None:
    with caller(house, "acme") as client:
        assert ask(client, "second/tiny").status_code == 404
        second = (
            '[llm]\nproviders = ["openai", "second"]\n[llm.provider.second]\nbase_url = "http://nowhere/v1"\n'
        )
        assert changed(house, second) == {
            "gateway-0": [],
            "llm-gateway-0": ["providers"],
            "llm-gateway-1": ["providers"],
        }
        assert ask(client, "second/tiny").status_code == 200
        seen = httpx.get(f"{house.url('simulator')}/simulator/requests", timeout=20).json()
        assert seen["recent"][-1]["provider"] == "second", "the simulator stands in for this one, too"


def test_a_new_price_is_the_cost_of_the_next_call(house: RunningProject) -> None:
    def cost() -> Any:
        rows = published(house.wattos("cost", "--by", "model", "-o", "json").stdout)["rows"]
        return next((row for row in rows if row["key"] == "openai/priced"), {"calls": 0, "usd": None})

    with caller(house, "acme") as client:
        assert ask(client, "openai/priced").status_code == 200
        wait_until(lambda: cost()["calls"] == 1, "the first call is a row")
        assert cost()["usd"] is None, "nobody knows its price"
        price = '[[llm.prices]]\nprovider = "openai"\nmodel = "priced"\ninput = 1000\noutput = 0\n'
        assert changed(house, BASE + price)["llm-gateway-0"] == ["prices"]
        usage = ask(client, "openai/priced").json()["usage"]
        wait_until(lambda: cost()["calls"] == 2, "the second call is a row")
        assert Decimal(cost()["usd_exact"]) == Decimal(usage["prompt_tokens"]) / 1000


def test_a_broken_file_leaves_the_limits_in_force(house: RunningProject) -> None:
    changed(house, BASE + ONE_TOKEN)
    code, error = reload(house, BASE + ONE_TOKEN.replace("tokens", "token"))
    assert code == 3
    (problem,) = error["details"]["problems"]
    assert problem["where"] == "wattos.toml:4:1"
    assert "Did you mean 'tokens_per_minute'" in problem["message"]
    with caller(house, "acme") as client:
        assert [ask(client).status_code for _ in range(5)][-1] == 429


def test_a_stream_that_runs_meanwhile_ends_whole(house: RunningProject) -> None:
    simulator = f"{house.url('simulator')}/simulator/behaviour"
    httpx.put(simulator, json={"tokens_per_s": 8, "answer_tokens": ANSWER_TOKENS}, timeout=20)
    events: list[str] = []
    begun = threading.Event()

    def listen() -> None:
        with (
            caller(house, "listener") as client,
            client.stream("POST", "/v1/chat/completions", json=body(stream=True)) as answer,
        ):
            for line in answer.iter_lines():
                events.append(line)
                begun.set()

    listener = threading.Thread(target=listen)
    listener.start()
    provider = house.row("simulator")["pid"]
    try:
        assert begun.wait(60)
        os.kill(provider, signal.SIGSTOP)  # so that the stream lasts longer than the reload on any machine
        # Another provider object in place of the one that streams, and no tokens for anybody.
        other = '[llm]\nproviders = ["openai"]\nprovider.openai.models = ["gpt-4o-mini"]\n'
        assert changed(house, other + ONE_TOKEN)["llm-gateway-0"] == ["providers", "limits"]
        assert listener.is_alive(), "the reload was done before the stream was"
    finally:
        os.kill(provider, signal.SIGCONT)
        listener.join(60)
        httpx.put(simulator, json={}, timeout=20)
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event[6:]) for event in events if event.startswith("data: {")]
    words = [chunk["choices"][0]["delta"].get("content") for chunk in chunks]
    assert len([word for word in words if word]) == ANSWER_TOKENS
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_what_only_a_new_process_takes_up_is_named(house: RunningProject) -> None:
    house.configure(BASE + '[settings]\nlog_level = "debug"\n[services.shop]\ncommand = ["sleep", "9"]\n')
    done = house.wattos("config", "reload")
    assert done.returncode == 0
    assert "(LOG_LEVEL). To apply it: wattos up --recreate" in done.stderr
    assert "not reloaded: shop (does not run). To apply it: wattos up shop" in done.stderr


def test_a_later_start_and_a_later_up_agree_with_what_is_in_force(project: RunningProject) -> None:
    project.configure(BASE)
    assert project.wattos("up", "gateway", "--with", "simulator").returncode == 0
    changed(project, BASE + ONE_TOKEN)
    again = project.wattos("up", "gateway")
    assert (again.returncode, "older settings" in again.stderr) == (0, False), again.stderr
    pid = project.row("llm-gateway")["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: project.row("llm-gateway")["state"] == "ready" and project.row("llm-gateway")["pid"] != pid,
        "llm-gateway is restarted",
    )
    with caller(project, "acme") as client:
        assert [ask(client).status_code for _ in range(3)][1:] == [429, 429]


def test_the_key_of_a_new_provider_needs_a_new_process(project: RunningProject) -> None:
    assert project.wattos("up", "gateway").returncode == 0
    project.configure('[llm]\nproviders = ["anthropic"]\n')
    done = project.wattos("config", "reload")
    assert done.returncode == 0, done.stderr
    assert (
        "provider anthropic: it has no key: set ANTHROPIC_API_KEY; a running process takes up no"
        in done.stderr
    )
    project.environ["ANTHROPIC_API_KEY"] = "sk-made-up"
    again = project.wattos("config", "reload")
    assert "(ANTHROPIC_API_KEY). To apply it: wattos up --recreate" in again.stderr
    assert project.wattos("up", "gateway", "--recreate").returncode == 0
    renewed = project.wattos("config", "reload")
    assert (renewed.returncode, renewed.stderr) == (0, "")


def test_a_service_that_refuses_keeps_the_old_one_for_a_restart_too(
    project: RunningProject, tmp_path: Path
) -> None:
    project.environ["HOUSE_KEY_FILE"] = str(tmp_path / "not-there")
    assert project.wattos("up", "gateway").returncode == 0
    generated = project.root / ".wattos/run/config.json"
    before = generated.read_text()
    project.configure(
        '[llm]\nproviders = ["house"]\n'
        '[llm.provider.house]\nbase_url = "http://127.0.0.1:9/v1"\napi_key_env = "HOUSE_KEY"\n'
        '[limits]\ntenants.acme.user = "1r/h"\n'
    )
    done = project.wattos("config", "reload")
    assert done.returncode == 1
    assert "llm-gateway-0: The old configuration stays in force: HOUSE_KEY_FILE" in done.stderr
    assert "taken back" in done.stdout, "the gateway had taken the limits"
    assert generated.read_text() == before
    assert project.wattos("restart", "llm-gateway").returncode == 0
    with caller(project, "acme") as client:
        assert [ask(client, "default").status_code for _ in range(3)] == [200] * 3
