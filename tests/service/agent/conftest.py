"""An agent service for each test; what the model answers, and when, is the test's."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.kernel.hops import Reply
from tests.fakes.services.agent_house import House, agent_house, said


@pytest.fixture
def answers() -> list[Reply]:
    return [said()]


@pytest.fixture
def gate() -> asyncio.Event:
    """Hold back the model's answers while it is cleared; it is set when the test begins."""
    event = asyncio.Event()
    event.set()
    return event


@pytest.fixture
async def house(tmp_path: Path, answers: list[Reply], gate: asyncio.Event) -> AsyncIterator[House]:
    async with agent_house(tmp_path, answers, gate) as running:
        yield running
