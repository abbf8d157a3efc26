"""The journey AgentRun: who pays for the model that agents ask, and what becomes of runs."""

import importlib
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from wattos_cli.loadtest.journey import Answer, CallError, Traveller

LOADTESTS = Path(__file__).resolve().parents[3] / "loadtests"


RUNS = "/api/v1/runs"


class Agents:
    """Lists `default` as a paid model or a free one; runs are over at once, or when they are cancelled.

    `told` are the last lines of each stream of events, `refusing` the runs that cannot be deleted yet.
    """

    def __init__(self, *, free: bool = True, told: Sequence[bytes] = (), status: str = "completed") -> None:
        self.started = 0
        self.runs: dict[str, str] = {}
        self.refusing: set[str] = set()
        self._told = list(told)
        self._status = status
        self._default = {"id": "default", "wattos_alias_of": ["openai/gpt-4o"], "wattos_free": free}

    async def call(self, method: str, path: str, **_body: Any) -> Any:
        if path == "/v1/models":
            return {"data": [self._default]}
        if method == "POST" and not path.endswith("/cancel"):
            return self._start()
        run = path.removeprefix(f"{RUNS}/").partition("/")[0]
        if run not in self.runs:
            raise CallError("no such run", 404)
        if method == "POST":
            if self.runs[run] == "completed":
                raise CallError("it has ended", 409)
            self.runs[run] = "cancelled"
        if method == "DELETE":
            if run in self.refusing:
                raise CallError("no answer", 0)
            assert self.runs.pop(run) != "running", "a run that has not ended cannot be deleted"
        return {"id": run, "status": self.runs.get(run)}

    async def request(self, _method: str, _path: str, **_options: Any) -> Answer:
        return Answer(202, {}, json.dumps(self._start()).encode())

    @asynccontextmanager
    async def stream(self, _method: str, _path: str, **_options: Any) -> AsyncIterator["Events"]:
        yield Events(self._told.pop(0))

    def _start(self) -> dict[str, str]:
        self.started += 1
        run = f"r{self.started}"
        self.runs[run] = self._status
        return {"id": run, "status": "pending"}


class Events:
    """A stream that ends with `last`."""

    def __init__(self, last: bytes) -> None:
        self._last = last
        self.failed = ""

    async def lines(self) -> AsyncIterator[bytes]:
        yield b"event: done"
        yield self._last

    def cost(self, _usd: float) -> None:
        pass

    def fail(self, text: str) -> None:
        self.failed = text


DONE = b'data: {"status": "completed", "cost_usd": 0}'


def agent_run(agents: Agents, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(LOADTESTS))
    return importlib.import_module("journeys.agents").AgentRun(agents, Traveller(0, Random(1), "default"))


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


async def test_a_run_is_deleted_as_soon_as_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    agents = Agents(told=[DONE, DONE])
    journey = agent_run(agents, monkeypatch)
    await journey.prepare()
    assert (agents.started, agents.runs) == (1, {})
    await journey.work()
    await journey.work()
    assert (agents.started, agents.runs) == (3, {})
    await journey.clean_up()


async def test_what_was_not_seen_to_end_is_cancelled_and_deleted_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agents = Agents(told=[b": cut", b": cut", b": cut"], status="running")
    journey = agent_run(agents, monkeypatch)
    for _ in range(3):
        await journey.work()
    agents.runs["r2"] = "completed"
    del agents.runs["r3"]
    await journey.clean_up()
    assert agents.runs == {}


async def test_a_deletion_that_fails_is_no_failure_of_the_run_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agents = Agents(told=[DONE])
    journey = agent_run(agents, monkeypatch)
    agents.refusing = {"r1"}
    await journey.work()
    assert set(agents.runs) == {"r1"}
    agents.refusing = set()
    await journey.clean_up()
    assert agents.runs == {}
