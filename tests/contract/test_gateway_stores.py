"""Credentials, revocations and audit rows are kept the same way by the database and by the fake."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.kernel.database import make_database, patient_database
from tests.fakes.kernel.meter import FakeMeter
from tests.fakes.services.gateway_stores import MemoryAuditLog, MemoryCredentials
from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.errors import DatabaseUnavailableError
from wattos_platform.kernel.db.settings import DatabaseSettings
from wattos_platform.services.gateway.adapters.audit import MAX_WAITING, DatabaseAuditLog
from wattos_platform.services.gateway.adapters.credentials import DatabaseCredentials
from wattos_platform.services.gateway.domain.audit import AuditRecord
from wattos_platform.services.gateway.domain.credentials import Credential, Kind
from wattos_platform.services.gateway.ports import AuditLog, Credentials


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "gateway.db"
    make_database(path, "gateway")
    opened = await patient_database(path)
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "database"])
def credentials(request: pytest.FixtureRequest) -> Credentials:
    if request.param == "memory":
        return MemoryCredentials()
    return DatabaseCredentials(request.getfixturevalue("database"))


@pytest.fixture(params=["memory", "database"])
def audit(request: pytest.FixtureRequest) -> AuditLog:
    if request.param == "memory":
        return MemoryAuditLog()
    return DatabaseAuditLog(request.getfixturevalue("database"), lambda: 0.0, FakeMeter().counter("dropped"))


def credential(number: int, kind: Kind = "key", expires_at: float = 100.0) -> Credential:
    fingerprint = f"{number:064x}" if kind == "key" else None
    return Credential(f"id{number}", kind, fingerprint, "school", "ada", "editor", 1.0, expires_at, number)


def record(number: int, tenant: str = "school", at: float = 5.0) -> AuditRecord:
    return AuditRecord(at, tenant, "ada", "k1", "GET", "/api/v1/audit", 200, 1.5, f"request-{number}")


async def page_of(audit: AuditLog, tenant: str, before: int | None, limit: int, expected: int):
    """Rows may lag by 100 ms: ask until they are there."""
    for _ in range(3000):
        rows = await audit.page(tenant, before, limit)
        if len(rows) >= expected:
            return rows
        await asyncio.sleep(0.01)
    raise AssertionError(f"{len(rows)} rows, expected {expected}")


async def test_a_credential_is_found_by_its_fingerprint(credentials: Credentials) -> None:
    await credentials.add(credential(1))
    assert await credentials.by_fingerprint(f"{1:064x}") == credential(1)
    assert await credentials.by_fingerprint(f"{2:064x}") is None


async def test_two_tokens_without_fingerprint_can_be_kept(credentials: Credentials) -> None:
    await credentials.add(credential(1, "jwt"))
    await credentials.add(credential(2, "jwt"))
    assert [kept.id for kept in await credentials.page(None, 9)] == ["id1", "id2"]


async def test_credentials_come_page_by_page(credentials: Credentials) -> None:
    for number in (3, 1, 2):
        await credentials.add(credential(number))
    assert [kept.id for kept in await credentials.page(None, 2)] == ["id1", "id2"]
    assert [kept.id for kept in await credentials.page("id2", 2)] == ["id3"]


async def test_credentials_are_those_of_a_tenant_revoked_or_not(credentials: Credentials) -> None:
    for number in (1, 2, 3):
        await credentials.add(credential(number))
    await credentials.add(replace(credential(4), tenant="other"))
    await credentials.revoke("id2", 7.0)

    async def ids(tenant: str | None = None, *, revoked: bool | None = None) -> list[str]:
        return [kept.id for kept in await credentials.page(None, 9, tenant=tenant, revoked=revoked)]

    tenant = credential(1).tenant
    assert await ids("other") == ["id4"]
    assert await ids(revoked=True) == await ids(tenant, revoked=True) == ["id2"]
    assert await ids(tenant, revoked=False) == ["id1", "id3"]


async def test_a_revocation_lasts_and_keeps_its_first_time(credentials: Credentials) -> None:
    await credentials.add(credential(1))
    first = await credentials.revoke("id1", 7.0)
    second = await credentials.revoke("id1", 8.0)
    assert first is not None
    assert first.revoked_at == 7.0
    assert second == first == await credentials.by_fingerprint(f"{1:064x}")
    assert await credentials.revoke("id9", 7.0) is None


async def test_revoking_a_token_by_its_id_revokes_the_jti(credentials: Credentials) -> None:
    await credentials.add(credential(1, "jwt"))
    assert not await credentials.is_token_revoked("id1")
    await credentials.revoke("id1", 7.0)
    assert await credentials.is_token_revoked("id1")


async def test_a_token_made_elsewhere_can_be_revoked_twice(credentials: Credentials) -> None:
    await credentials.revoke_token("foreign", 100.0, 7.0)
    await credentials.revoke_token("foreign", 100.0, 8.0)
    assert await credentials.is_token_revoked("foreign")


@pytest.mark.parametrize("jti", [pytest.param("aaaaaaaa", id="defect-18")])
async def test_a_revocation_hits_no_other_token(credentials: Credentials, jti: str) -> None:
    """The original kept a 32-bit hash, so that unrelated tokens could be revoked together."""
    await credentials.revoke_token(jti, 100.0, 7.0)
    assert not await credentials.is_token_revoked(jti[:-1])
    assert not await credentials.is_token_revoked(jti + "a")


async def test_what_expired_long_ago_is_purged(credentials: Credentials) -> None:
    await credentials.add(credential(1, expires_at=10.0))
    await credentials.add(credential(2, expires_at=30.0))
    await credentials.revoke_token("foreign", 10.0, 7.0)
    assert await credentials.purge(20.0, 9) == 2
    assert [kept.id for kept in await credentials.page(None, 9)] == ["id2"]
    assert not await credentials.is_token_revoked("foreign")


async def test_no_more_is_purged_at_once_than_was_asked_for(credentials: Credentials) -> None:
    for number in range(3):
        await credentials.add(credential(number, expires_at=10.0))
        await credentials.revoke_token(f"foreign{number}", 10.0, 7.0)
    assert [await credentials.purge(20.0, 4) for _ in range(3)] == [4, 2, 0]


async def test_the_audit_log_gives_a_tenant_its_own_rows_newest_first(audit: AuditLog) -> None:
    for number in range(5):
        audit.record(record(number))
    audit.record(record(9, tenant="bank"))
    rows = await page_of(audit, "school", None, 9, 5)
    assert [row.request_id for _, row in rows] == [f"request-{number}" for number in (4, 3, 2, 1, 0)]
    assert rows[0][1] == record(4)
    older = await audit.page("school", rows[1][0], 2)
    assert [row.request_id for _, row in older] == ["request-2", "request-1"]


async def test_old_audit_rows_are_purged(audit: AuditLog) -> None:
    audit.record(record(1, at=1.0))
    audit.record(record(2, at=9.0))
    await page_of(audit, "school", None, 9, 2)
    assert await audit.purge(5.0, 9) == 1
    assert [row.request_id for _, row in await audit.page("school", None, 9)] == ["request-2"]


async def test_old_audit_rows_go_a_few_at_a_time(audit: AuditLog) -> None:
    for number in range(5):
        audit.record(record(number, at=number))
    await page_of(audit, "school", None, 9, 5)
    assert [await audit.purge(4.0, 3) for _ in range(3)] == [3, 1, 0]
    assert [row.request_id for _, row in await audit.page("school", None, 9)] == ["request-4"]


async def test_too_many_waiting_rows_are_dropped_and_counted(database: Database) -> None:
    meter = FakeMeter()
    audit = DatabaseAuditLog(database, lambda: 0.0, meter.counter("dropped"))
    for number in range(MAX_WAITING + 3):
        audit.record(record(number))
    assert meter.total("dropped") == 3


async def test_rows_that_cannot_be_stored_wait_and_are_not_lost(tmp_path: Path, database: Database) -> None:
    now = [0.0]
    audit = DatabaseAuditLog(database, lambda: now[0], FakeMeter().counter("dropped"))
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("ALTER TABLE audit_log RENAME TO elsewhere")
        audit.record(record(1))
        assert not audit.is_behind()
        await asyncio.sleep(0.3)
        now[0] = 2.0
        assert audit.is_behind()
        other.execute("ALTER TABLE elsewhere RENAME TO audit_log")
    audit.record(record(2))
    rows = await page_of(audit, "school", None, 9, 2)
    assert [row.request_id for _, row in rows] == ["request-2", "request-1"]
    assert not audit.is_behind()


async def test_rows_whose_transaction_is_not_committed_are_stored_once_with_the_next(tmp_path: Path) -> None:
    file = tmp_path / "gateway.db"
    make_database(file, "gateway")
    database = await Database.open(file, settings=DatabaseSettings(work_timeout_s=1))
    audit = DatabaseAuditLog(database, lambda: 0.0, FakeMeter().counter("dropped"))
    never = asyncio.Event()
    audit.record(record(1))
    with pytest.raises(DatabaseUnavailableError):
        await database.write(lambda _connection: never.wait())
    audit.record(record(2))
    rows = await page_of(audit, "school", None, 9, 2)
    await database.close()
    assert [row.request_id for _, row in rows] == ["request-2", "request-1"]


class DeafDatabase:
    """Drops the first unit of work, as a full queue does."""

    def __init__(self) -> None:
        self.units = 0

    def enqueue(self, work: object) -> None:
        self.units += 1


def test_a_dropped_unit_of_work_is_not_the_last() -> None:
    now = [0.0]
    database = DeafDatabase()
    audit = DatabaseAuditLog(database, lambda: now[0], FakeMeter().counter("dropped"))
    audit.record(record(1))
    audit.record(record(2))
    assert database.units == 1
    now[0] = 2.0
    audit.record(record(3))
    assert database.units == 2
