"""Streams under way are journaled from their second tick on, and never counted twice."""

import asyncio
from itertools import count

import pytest

from tests.contract.test_llm_usage_log import call
from tests.fakes.kernel.meter import FakeLog
from tests.fakes.llm.stream_journal import FakeStreamJournal
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.services.llm_gateway.domain.answers import Chunk
from wattos_platform.services.llm_gateway.domain.chat_request import parse_chat
from wattos_platform.services.llm_gateway.domain.dialects.chat import ChatDialect
from wattos_platform.services.llm_gateway.domain.models import Target
from wattos_platform.services.llm_gateway.domain.tokens import estimated_usage
from wattos_platform.services.llm_gateway.domain.wire import Usage
from wattos_platform.services.llm_gateway.relay import Relay
from wattos_platform.services.llm_gateway.running_streams import RunningStreams

QUESTION = "Tell me a long story of a ship."
REQUEST = parse_chat({"model": "m", "stream": True, "messages": [{"role": "user", "content": QUESTION}]})


class House:
    """The streams of a gateway, its journal, and what becomes of each stream."""

    def __init__(self):
        self.journal, self.log, numbers = FakeStreamJournal(), FakeLog(), count(1)
        self.streams = RunningStreams(
            self.journal, self.log, new_id=lambda: f"c{next(numbers)}", sleep=lambda _s: asyncio.sleep(0)
        )
        self.ended = []

    async def stream(self, *batches):
        """Return the events of a stream that pauses before each None, and what lets it go on."""
        go = asyncio.Semaphore(0)

        async def chunks():
            for batch in batches:
                if batch is None:
                    await go.acquire()
                else:
                    yield [batch]

        relay = Relay(
            chunks(),
            REQUEST,
            Target("openai", "m"),
            ChatDialect().outlet(REQUEST),
            on_end=lambda relay: self.ended.append(self.streams.ended(relay)),
            on_begin=lambda relay: self.streams.begun(
                relay, lambda call_id: call(0, id=call_id, usage=relay.used_so_far())
            ),
        )
        await relay.open()
        return relay.events(), go.release


def said(text, **more):
    return Chunk(b"{}", text=text, content=True, **more)


async def test_a_stream_is_journaled_from_its_second_tick_on_with_what_it_has_used():
    house = House()
    events, go_on = await house.stream(
        said("Once upon "), None, said("a time."), None, said("", finish_reason="stop")
    )
    await anext(events)
    await house.streams.tick()
    assert house.journal.kept == []
    await house.streams.tick()
    assert [each.usage for each in house.journal.kept] == [estimated_usage(REQUEST, "Once upon ")]
    go_on()
    await anext(events)
    await house.streams.tick()
    (kept,) = house.journal.kept
    whole = estimated_usage(REQUEST, "Once upon a time.")
    assert (kept.id, kept.usage.prompt, kept.usage.estimated) == ("c1", whole.prompt, True)
    assert abs(kept.usage.completion - whole.completion) <= 1
    go_on()
    assert [event async for event in events]
    assert house.ended == ["c1"]
    await house.streams.tick()
    assert house.journal.kept == []


async def test_what_a_provider_counts_on_its_way_is_the_least():
    house = House()
    events, _ = await house.stream(said("Once", usage=Usage(1000, 1)), None)
    await anext(events)
    for _ in range(2):
        await house.streams.tick()
    assert [(each.usage.prompt, each.usage.completion) for each in house.journal.kept] == [(1000, 1)]
    await events.aclose()


async def test_a_short_stream_and_a_quiet_gateway_write_nothing():
    house = House()
    for _ in range(3):
        events, _ = await house.stream(said("Hi."), said("", finish_reason="stop"))
        await house.streams.tick()
        assert [event async for event in events]
    assert (house.ended, house.journal.writes) == ([""] * 3, 0)


async def test_a_reader_who_leaves_ends_it_too():
    house = House()
    events, _ = await house.stream(said("Once"), None)
    await anext(events)
    for _ in range(2):
        await house.streams.tick()
    await events.aclose()
    await house.streams.tick()
    assert (house.ended, house.journal.kept) == (["c1"], [])


async def test_a_journal_that_fails_is_told_and_tried_again():
    house = House()
    house.journal.kept = [call(1)]
    house.journal.problem = OSError("disk full")
    events, _ = await house.stream(said("Once"), None)
    await anext(events)
    for _ in range(2):
        await house.streams.tick()
    house.journal.problem = None
    await house.streams.tick()
    assert [each.id for each in house.journal.rows.calls] == ["1"]
    assert [each.id for each in house.journal.kept] == ["c1"]
    assert [event for _, event, _ in house.log.events] == ["stream_journal.failed"] * 2 + ["usage.recovered"]
    await events.aclose()


@pytest.mark.parametrize(
    ("problem", "has_stack"), [(DatabaseUnavailableError("is locked"), False), (KeyError("id"), True)]
)
async def test_a_stack_tells_of_what_is_no_outage(problem, has_stack):
    house = House()
    house.journal.kept = [call(1)]
    house.journal.problem = problem
    await house.streams.tick()
    ((_, event, fields),) = house.log.events
    assert event == "stream_journal.failed"
    assert fields["exc_info"] is (problem if has_stack else None)


async def test_what_an_earlier_process_left_is_recovered_before_anything_else():
    house = House()
    house.journal.kept = [call(1), call(2)]
    async with house.streams.running():
        assert [each.id for each in house.journal.rows.calls] == ["1", "2"]
