"""A real model gateway over a real simulator, asked under one fault by providers of every kind at once."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.fakes.llm.five_providers import MODELS as NAMED
from tests.fakes.llm.service import llm_service
from tests.fakes.llm.simulator import Simulator, simulator
from tests.fakes.services.server import Served
from tests.llm_faults import FAULTS, KINDS, Outcome
from wattos_platform.services.llm_gateway.adapters.tables import llm_calls

KEY = "sk-secret-key-of-the-school-1234567890"
MODELS = {kind: model.partition("/")[2] for kind, model in NAMED.items()}
# Of whom nothing comes is given up soon, and all others never: a machine under load answers late.
SILENT = [name for name, fault in FAULTS.items() if "late" in {fault.whole, fault.stream}]
HASTY = {"WATTOS_PROVIDER_TIMEOUT_S": "5", "WATTOS_STREAM_IDLE_TIMEOUT_S": "5"}
_BACKUP, _REFUSING = "backup", "refusing"
_MESSAGES = [{"role": "user", "content": "Say hello."}]
_AT_ONCE, _LARGE_AT_ONCE = 20, 2


@dataclass(frozen=True)
class Cell:
    """One kind of provider, asked for a whole answer or a stream under one fault."""

    fault: str
    kind: str
    stream: bool

    @property
    def alone(self) -> str:
        """Return the name of the provider that this cell asks as an explicit model."""
        return f"{self.kind}-{self.fault}-{'stream' if self.stream else 'whole'}"

    @property
    def chained(self) -> str:
        """Return the name of the provider that stands first in this cell's alias."""
        return f"{self.alone}-chain"


CELLS = [Cell(fault, kind, stream) for fault in FAULTS for kind in KINDS for stream in (False, True)]


@dataclass(frozen=True)
class Answer:
    """What the caller got. `error` is OpenAI's error object, from the body or from the event in a stream."""

    status: int
    headers: Mapping[str, str]
    body: str
    text: str
    error: Mapping[str, Any]
    ended: bool

    @property
    def by(self) -> str:
        """Return who answered."""
        return self.headers.get("x-wattos-provider", "")


@dataclass(frozen=True)
class Observed:
    """What came of one cell: `alone` from the explicit model, `chained` from the alias.

    `asked` is how often the simulator was asked, `rows` the usage rows that it left.
    """

    alone: Answer
    chained: Answer
    outcome: Outcome
    asked: int
    rows: Sequence[tuple[str, str]]
    chained_rows: Sequence[tuple[str, str]]


@dataclass
class Matrix:
    """Runs each fault once, when the first of its cells is asked for.

    `hasty` is the gateway for the faults of `SILENT`, `patient` the one for all others.
    """

    patient: Served
    hasty: Served
    sim: Simulator
    lines: list[bytes]
    _kept: dict[str, dict[Cell, Observed]] = field(default_factory=dict)

    async def observed(self, cell: Cell) -> Observed:
        """Return what came of the cell."""
        if cell.fault not in self._kept:
            self._kept[cell.fault] = await self._run(cell.fault)
        return self._kept[cell.fault][cell]

    async def _run(self, fault: str) -> dict[Cell, Observed]:
        cells = [cell for cell in CELLS if cell.fault == fault]
        gateway = self.hasty if fault in SILENT else self.patient
        spec = FAULTS[fault].spec
        places = asyncio.Semaphore(_LARGE_AT_ONCE if spec["kind"] == "oversized" else _AT_ONCE)
        await self.sim.forget_requests()
        # The backup's address is none of these.
        struck = {"provider": _REFUSING} if spec["kind"] == "refuse" else {"path": "/as/*"}
        switched_on = await self.sim.fault(**spec, **struck)

        async def ask(cell: Cell, model: str) -> Answer:
            async with places:
                return await asked(gateway.public, model, stream=cell.stream)

        alone = [ask(cell, f"{cell.alone}/{MODELS[cell.kind]}") for cell in cells]
        chained = [ask(cell, f"any-{cell.chained}") for cell in cells]
        answers = await asyncio.gather(*alone, *chained)
        await self.sim.end_fault(switched_on)
        calls = (await self.sim.counts(1000))["recent"]
        rows = await _rows(gateway)
        found = {}
        for cell, one, other in zip(cells, answers, answers[len(cells) :], strict=False):
            own = [row[1:] for row in rows if row[0] == cell.alone]
            found[cell] = Observed(
                one,
                other,
                _outcome(gateway, cell, one, other, own),
                sum(call["provider"] == cell.alone for call in calls),
                own,
                [row[1:] for row in rows if row[0] == cell.chained],
            )
        return found


def _outcome(gateway: Served, cell: Cell, alone: Answer, chained: Answer, rows: Sequence[Any]) -> Outcome:
    breaker = gateway.app.runtime.breakers.find(f"llm:{cell.alone}")
    counted = {breaker.total_successes: "success", breaker.total_failures: "failure"}
    return Outcome(
        status=alone.status,
        code=alone.error.get("code"),
        type=alone.error.get("type"),
        param=alone.error.get("param"),
        tries=len(rows),
        breaker=counted.get(len(rows), "nothing"),
        alias=_alias(cell, alone, chained),
        row=rows[0],
        retry_after="retry-after" in alone.headers,
    )


async def _rows(gateway: Served) -> Sequence[tuple[str, str, str]]:
    """Return provider, outcome and error type of every call so far, the oldest first."""
    database = gateway.app.runtime.database

    async def after_all_that_waits(_connection: AsyncConnection) -> None:
        """Write nothing: it is committed after what was written before."""

    await database.write(after_all_that_waits)
    columns = (llm_calls.c.provider, llm_calls.c.outcome, llm_calls.c.error_type)
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(llm_calls.c.at))]


def _alias(cell: Cell, alone: Answer, chained: Answer) -> Any:
    """Return who answered the alias, in the words of `Outcome`."""
    if chained.by == _BACKUP and chained.ended and cell.chained not in chained.body:
        return "the next provider"
    if chained.ended and chained.by == cell.chained:
        return "itself"
    told = {**chained.error, "message": str(chained.error.get("message")).replace(cell.chained, cell.alone)}
    return "the same error" if told == alone.error else f"something else: {chained}"


async def asked(public: httpx.AsyncClient, model: str, *, stream: bool) -> Answer:
    """Ask the gateway for a chat completion and read what comes to its end."""
    body = {"model": model, "messages": _MESSAGES, "stream": stream}
    response = await public.post("/v1/chat/completions", json=body, timeout=60)
    if response.headers["content-type"] == "application/json":
        parts, done = [response.json()], True
    else:
        events = [line.removeprefix("data: ") for line in response.text.splitlines() if line[:6] == "data: "]
        done = events[-1] == "[DONE]"
        parts = [json.loads(event) for event in events if event != "[DONE]"]
    choices = [choice for part in parts for choice in part.get("choices", ())]
    said = [choice.get("message") or choice["delta"] for choice in choices]
    return Answer(
        response.status_code,
        response.headers,
        response.text,
        "".join(piece.get("content") or "" for piece in said),
        next((part["error"] for part in parts if "error" in part), {}),
        done and any(choice.get("finish_reason") for choice in choices),
    )


@asynccontextmanager
async def matrix(tmp_path: Path) -> AsyncIterator[Matrix]:
    """Serve all three.

    Every cell has two providers of its own, so that nothing which one leaves behind, an open breaker or a
    spent budget of retries, touches another.
    """
    lines: list[bytes] = []
    async with simulator(tmp_path) as sim, AsyncExitStack() as stack:
        door = await sim.port(_REFUSING)

        async def gateway(name: str, faults: Sequence[str], environ: Mapping[str, str]) -> Served:
            folder = tmp_path / name
            folder.mkdir()
            config = _config(sim.url, door, [cell for cell in CELLS if cell.fault in faults])
            environ = {"SCHOOL_KEY": KEY, **environ}
            serving = llm_service(folder, config=config, environ=environ, lines=lines)
            return await stack.enter_async_context(serving)

        patient = await gateway("patient", [fault for fault in FAULTS if fault not in SILENT], {})
        yield Matrix(patient, await gateway("hasty", SILENT, HASTY), sim, lines)


def _config(url: str, refusing: str, cells: Sequence[Cell]) -> dict[str, Any]:
    names = {name: cell for cell in cells for name in (cell.alone, cell.chained)}
    details = {name: _provider(url, refusing, name, cell) for name, cell in names.items()}
    details[_BACKUP] = {"kind": "openai", "base_url": f"{url}/v1"}
    aliases = {
        f"any-{cell.chained}": [f"{cell.chained}/{MODELS[cell.kind]}", f"{_BACKUP}/gpt-4o-mini"]
        for cell in cells
    }
    return {"llm": {"providers": list(details), "provider": details, "aliases": aliases}}


def _provider(url: str, refusing: str, name: str, cell: Cell) -> dict[str, str]:
    root = refusing if FAULTS[cell.fault].spec["kind"] == "refuse" else f"{url}/as/{name}"
    version = "/v1" if cell.kind == "openai" else ""
    return {"kind": cell.kind, "base_url": root + version, "api_key_env": "SCHOOL_KEY"}
