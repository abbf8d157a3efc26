"""Half answers of processes that died: found, marked, and never those of processes that live."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import inspect

from tests.fakes.kernel.clock import FakeClock
from tests.fakes.kernel.database import make_database, patient_database
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.idempotency import RequestKey
from wattos_platform.kernel.process_identity import this_process
from wattos_platform.services.chat.adapters.answering import LEASE_S
from wattos_platform.services.chat.adapters.conversations import SqlConversations
from wattos_platform.services.chat.adapters.messages import SqlMessages
from wattos_platform.services.chat.adapters.tables import metadata
from wattos_platform.services.chat.domain.records import Conversation, MessageStatus, Outcome, Owner

OWNER = Owner("tenant-a", "user-1")
TALK = Conversation("c1", OWNER, "Talk", None, 1.0, 1.0)
DEAD_HERE = f"{this_process().split(':', 1)[0]}:4194999:1"
ELSEWHERE = "another-host:1:1"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "chat.db"
    make_database(path, "chat")
    opened = await patient_database(path)
    await SqlConversations(opened, FakeClock()).create(TALK, titled=True, key=None)
    yield opened
    await opened.close()


def store(database: Database, worker: str, clock: FakeClock) -> SqlMessages:
    numbers = count(1)
    return SqlMessages(
        database, worker=worker, clock=clock, new_id=lambda: f"{worker[:8]}-{next(numbers)}-{id(numbers)}"
    )


async def test_a_dead_process_of_this_host_is_seen_at_once(database: Database) -> None:
    clock = FakeClock()
    dead, living = store(database, DEAD_HERE, clock), store(database, this_process(), clock)
    opened = await dead.open_exchange(TALK, "Hello?", None)
    await dead.checkpoint({opened.answer.id: "Half an "})
    mine = await living.open_exchange(TALK, "And I?", None)
    assert await living.abort_orphans() == 1
    orphan = await living.get(OWNER, opened.answer.id)
    assert orphan is not None
    assert (orphan.outcome.status, orphan.outcome.content) == (MessageStatus.ABORTED, "Half an ")
    assert orphan.outcome.error_code == "process_ended"
    kept = await living.get(OWNER, mine.answer.id)
    assert kept is not None
    assert kept.outcome.status is MessageStatus.ANSWERING


async def test_a_process_of_another_host_is_believed_until_its_lease_ends(database: Database) -> None:
    clock = FakeClock()
    there, here = store(database, ELSEWHERE, clock), store(database, this_process(), clock)
    opened = await there.open_exchange(TALK, "Hello?", None)
    clock.now += LEASE_S - 1
    await there.checkpoint({opened.answer.id: "I live."})
    clock.now += LEASE_S - 1
    assert await here.abort_orphans() == 0
    clock.now += 2
    assert await here.abort_orphans() == 1


async def test_a_process_that_was_only_slow_corrects_the_record(database: Database) -> None:
    clock = FakeClock()
    slow, other = store(database, ELSEWHERE, clock), store(database, this_process(), clock)
    opened = await slow.open_exchange(TALK, "Hello?", None)
    clock.now += LEASE_S + 1
    await other.abort_orphans()
    await slow.finish(opened.answer.id, Outcome(MessageStatus.COMPLETE, "Whole."))
    answer = await other.get(OWNER, opened.answer.id)
    assert answer is not None
    assert (answer.outcome.status, answer.outcome.content) == (MessageStatus.COMPLETE, "Whole.")


async def test_a_retry_after_a_crash_asks_again_without_a_second_question(database: Database) -> None:
    clock = FakeClock()
    key = RequestKey("k", "f")
    before = await store(database, DEAD_HERE, clock).open_exchange(TALK, "Hello?", key)
    after = store(database, this_process(), clock)
    await after.abort_orphans()
    again = await after.open_exchange(TALK, "Hello?", key)
    assert (again.repeated, again.question.id) == (False, before.question.id)
    assert again.answer.id != before.answer.id
    third = await after.open_exchange(TALK, "Hello?", key)
    assert (third.repeated, third.answer.id) == (True, again.answer.id)


async def test_old_keys_are_forgotten(database: Database) -> None:
    clock = FakeClock()
    messages = store(database, this_process(), clock)
    await messages.open_exchange(TALK, "Hello?", RequestKey("k", "f"))
    assert await messages.forget_keys(older_than=clock.now) == 0
    assert await messages.forget_keys(older_than=clock.now + 1) == 1
    assert (await messages.open_exchange(TALK, "Hello?", RequestKey("k", "f"))).repeated is False


async def test_deleting_a_conversation_takes_everything_along(database: Database) -> None:
    clock = FakeClock()
    conversations, messages = SqlConversations(database, clock), store(database, this_process(), clock)
    opened = await messages.open_exchange(TALK, "Hello?", RequestKey("k", "f"))
    assert await conversations.delete(replace(OWNER, user="user-2"), TALK.id) is False
    assert await conversations.delete(OWNER, TALK.id) is True
    assert await messages.get(OWNER, opened.question.id) is None
    await messages.finish(opened.answer.id, Outcome(MessageStatus.COMPLETE, "Too late."))
    assert await messages.page(TALK.id, 0, 10) == []


async def test_the_migration_makes_the_tables_that_the_code_knows(database: Database) -> None:
    def columns(connection: object) -> dict[str, set[tuple[str, bool]]]:
        found = inspect(connection)
        return {
            table: {(column["name"], column["nullable"]) for column in found.get_columns(table)}
            for table in metadata.tables
        }

    async with database.read() as connection:
        made = await connection.run_sync(columns)
    known = {
        name: {(column.name, bool(column.nullable)) for column in table.columns}
        for name, table in metadata.tables.items()
    }
    assert made == known
