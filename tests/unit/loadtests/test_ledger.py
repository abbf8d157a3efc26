"""The journey Ledger: what was acknowledged and is not there is found, and nothing else is."""

import importlib
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from wattos_cli.loadtest.journey import Answer, Check, Traveller

LOADTESTS = Path(__file__).resolve().parents[3] / "loadtests"


class Chat:
    """Answers a ledger's requests; `is_down` refuses writes, `lose` forgets the first message."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.failures: list[str] = []
        self.deleted: list[str] = []
        self.is_down = False

    def lose(self) -> None:
        self.kept.pop(0)

    async def call(self, method: str, path: str, **_body: Any) -> Any:
        if method == "DELETE":
            self.deleted.append(path)
        return {"id": "c1"}

    async def request(self, method: str, path: str, *, name: str, check: Check, json: Any = None) -> Answer:
        if method == "POST" and self.is_down:
            return Answer(503, {}, b"{}")
        answer = self._answer(method)
        if problem := check(answer):
            self.failures.append(f"{name}: {problem}")
        return answer

    def _answer(self, method: str) -> Answer:
        if method == "GET":
            return Answer(200, {}, json.dumps({"items": [{"id": each} for each in self.kept]}).encode())
        self.kept.append(f"m{len(self.kept)}")
        return Answer(200, {}, json.dumps({"id": self.kept[-1], "content": "yes"}).encode())


@pytest.fixture
def chat() -> Chat:
    return Chat()


@pytest.fixture
async def ledger(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(LOADTESTS))
    journey = importlib.import_module("journeys.ledger").Ledger(chat, Traveller(0, Random(1), "free"))
    await journey.prepare()
    return journey


async def test_all_that_was_acknowledged_is_looked_for(ledger: Any, chat: Chat) -> None:
    await ledger.write()
    await ledger.write()
    await ledger.read()
    assert chat.failures == []
    chat.lose()
    await ledger.read()
    assert chat.failures == ["/api/v1/conversations/[id]/messages (acknowledged): 1 acknowledged and lost"]


async def test_what_was_refused_is_not_missed(ledger: Any, chat: Chat) -> None:
    chat.is_down = True
    await ledger.write()
    await ledger.read()
    assert (chat.failures, ledger.acknowledged) == ([], [])


async def test_a_full_page_is_only_read(ledger: Any, chat: Chat) -> None:
    for _ in range(60):
        await ledger.write()
    assert len(ledger.acknowledged) == 48
    chat.lose()
    await ledger.write()
    assert len(chat.failures) == 1


async def test_the_conversation_is_deleted_once(ledger: Any, chat: Chat) -> None:
    await ledger.clean_up()
    await ledger.clean_up()
    assert chat.deleted == ["/api/v1/conversations/c1"]
