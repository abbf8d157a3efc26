"""Work beside a block begins and ends with it."""

import asyncio

import pytest

from wattos_platform.kernel.background import in_background


async def test_it_runs_while_the_block_does_and_has_ended_after_it() -> None:
    told: list[str] = []
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            told.append("ended")

    async with in_background(work(), "some-work"):
        await begun.wait()
        assert "some-work" in {task.get_name() for task in asyncio.all_tasks()}
        told.append("block")
    assert told == ["block", "ended"]


async def test_what_made_it_fail_is_raised_at_the_end() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        async with in_background(work(), "failing"):
            await asyncio.sleep(0)


async def test_it_ends_when_the_block_fails() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    async def block() -> None:
        async with in_background(work(), "some-work"):
            await begun.wait()
            raise KeyError

    with pytest.raises(KeyError):
        await block()
    assert "some-work" not in {task.get_name() for task in asyncio.all_tasks()}
