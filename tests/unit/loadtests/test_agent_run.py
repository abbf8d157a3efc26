"""The journey AgentRun: the model that agents ask is free, or was paid for with somebody's leave."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from wattos_cli.loadtest.journey import CallError, Traveller

LOADTESTS = Path(__file__).resolve().parents[3] / "loadtests"


class Agents:
    """Lists `default` as a paid model or a free one; runs are over at once."""

    def __init__(self, *, free: bool) -> None:
        self.started = 0
        self._default = {"id": "default", "wattos_alias_of": ["openai/gpt-4o"], "wattos_free": free}

    async def call(self, method: str, path: str, **_body: Any) -> Any:
        if path == "/v1/models":
            return {"data": [self._default]}
        self.started += method == "POST"
        return {"id": "r1", "status": "completed"}


@pytest.mark.parametrize(
    ("free", "model", "models"),
    [(True, "free", ()), (False, "default", ()), (False, "free", ("default",))],
    ids=["it is free", "it is the one to ask", "the run may pay for it"],
)
async def test_runs_begin(
    monkeypatch: pytest.MonkeyPatch, free: bool, model: str, models: Sequence[str]
) -> None:
    monkeypatch.syspath_prepend(str(LOADTESTS))
    agents = Agents(free=free)
    traveller = Traveller(0, Random(1), model, models)
    await importlib.import_module("journeys.agents").AgentRun(agents, traveller).prepare()
    assert agents.started == 1


async def test_nothing_begins_where_it_would_cost_money_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(LOADTESTS))
    agents = Agents(free=False)
    journey = importlib.import_module("journeys.agents").AgentRun(agents, Traveller(0, Random(1), "free"))
    with pytest.raises(CallError, match=r"costs money here .* --allow-paid"):
        await journey.prepare()
    assert agents.started == 0
