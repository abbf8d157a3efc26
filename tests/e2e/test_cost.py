"""`wattos cost` over a running platform: two replicas, a provider that counts, prices of the user's own."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.project.running import RunningProject, running_project, wait_until

pytestmark = pytest.mark.e2e

CONFIG = """
[llm]
providers = ["openai"]

[[llm.prices]]
provider = "openai"
model = "gpt-5-mini"
input = 3
output = "7.5"
"""
ASKED = 6


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProject]:
    with running_project(tmp_path_factory.mktemp("cost")) as project:
        project.configure(CONFIG)
        up = project.wattos("up", "llm-gateway", "gateway", "--scale", "llm-gateway=2", "--with", "simulator")
        assert up.returncode == 0, f"{up.stdout}\n{up.stderr}"
        yield project


def cost(house: RunningProject, *argv: str) -> Any:
    done = house.wattos("cost", *argv, "-o", "json")
    assert done.returncode == 0, done.stderr
    return published(done.stdout)


def test_nothing_yet_is_no_failure(house: RunningProject) -> None:
    done = house.wattos("cost")
    assert (done.returncode, done.stdout) == (0, "")
    assert "No model was called" in done.stderr


def test_both_replicas_calls_are_billed_exactly(house: RunningProject) -> None:
    token = house.wattos("token", "create", "-q", "--tenant", "school", "--role", "admin").stdout.strip()
    headers = {"Authorization": f"Bearer {token}"}
    told = Decimal(0)
    for model in ["gpt-5-mini"] * ASKED + ["openai/not-in-any-list"]:
        body = {"model": model, "messages": [{"role": "user", "content": "What is the weather in Ulm?"}]}
        answer = httpx.post(
            f"{house.url('gateway')}/v1/chat/completions", json=body, headers=headers, timeout=20
        ).json()
        usage = answer["usage"]
        if model == "gpt-5-mini":
            told += (3 * usage["prompt_tokens"] + Decimal("7.5") * usage["completion_tokens"]) / 10**6
    wait_until(lambda: cost(house)["calls"] == ASKED + 1, "a row for each call")

    shown = cost(house, "--by", "model")
    rows = {row["key"]: row for row in shown["rows"]}
    assert Decimal(shown["total_usd_exact"]) == Decimal(rows["openai/gpt-5-mini"]["usd_exact"]) == told
    assert rows["openai/gpt-5-mini"]["calls"] == ASKED
    assert rows["openai/not-in-any-list"]["usd"] is None
    assert shown["unpriced"] == [{"provider": "openai", "model": "not-in-any-list", "calls": 1}]
    assert [row["key"] for row in cost(house, "--by", "tenant")["rows"]] == ["school"]
    assert cost(house, "--since", "-24h", "--until", "-1h")["calls"] == 0

    own = httpx.get(f"{house.url('gateway')}/api/v1/usage?by=user", headers=headers, timeout=20).json()
    assert own["totals"]["cost_usd"] == shown["total_usd_exact"]

    table = house.wattos("cost", environ={"COLUMNS": "80"})
    assert "total" in table.stdout
    assert max(len(line) for line in table.stdout.splitlines()) <= 80
    assert "warning: 1 call without a price" in table.stderr


def test_prices_are_checked_before_anything_starts(house: RunningProject, tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text(
        '[[llm.prices]]\nprovider = "openai"\nmodel = "x"\ninput = "PRICE"\n'
    )
    done = house.wattos("-C", str(tmp_path), "config", "validate", "-o", "json")
    assert done.returncode == 3
    wrong = json.loads(done.stderr)["details"]["problems"]
    assert [each["where"] for each in wrong] == ["wattos.toml:1:3", "wattos.toml:4:1"]


def test_without_a_platform_it_is_exit_4_and_nonsense_is_exit_2(
    house: RunningProject, tmp_path: Path
) -> None:
    assert house.wattos("-C", str(tmp_path), "cost").returncode == 4
    assert house.wattos("cost", "--by", "weekday").returncode == 2
    assert house.wattos("cost", "--since", "yesterday").returncode == 2
