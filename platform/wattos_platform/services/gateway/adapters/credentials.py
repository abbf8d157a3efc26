"""Credentials in the gateway's database."""

import hmac
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from wattos_platform.kernel.db.database import Database
from wattos_platform.kernel.db.retention import delete_before
from wattos_platform.services.gateway.adapters.tables import api_keys, revoked_tokens
from wattos_platform.services.gateway.domain.credentials import Credential


class DatabaseCredentials:
    """Implements the port Credentials; every change is committed when its call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, credential: Credential) -> None:
        """Keep `credential`."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(api_keys).values(**asdict(credential)))

        await self._database.write(work)

    async def by_fingerprint(self, fingerprint: str) -> Credential | None:
        """Return the API key with this fingerprint, revoked and expired ones too."""
        async with self._database.read() as connection:
            query = select(api_keys).where(api_keys.c.fingerprint == fingerprint)
            row = (await connection.execute(query)).one_or_none()
        # The index found it by comparing hashes byte by byte, which says nothing about the key; the last word
        # is in constant time all the same.
        if row is None or not hmac.compare_digest(str(row.fingerprint), fingerprint):
            return None
        return _credential(row)

    async def page(
        self, after: str | None, limit: int, *, tenant: str | None = None, revoked: bool | None = None
    ) -> Sequence[Credential]:
        """Return up to `limit` credentials in the order of their ids, from behind the id `after`."""
        query = select(api_keys).order_by(api_keys.c.id).limit(limit)
        if after is not None:
            query = query.where(api_keys.c.id > after)
        if tenant is not None:
            query = query.where(api_keys.c.tenant == tenant)
        if revoked is not None:
            at = api_keys.c.revoked_at
            query = query.where(at.is_not(None) if revoked else at.is_(None))
        async with self._database.read() as connection:
            return [_credential(row) for row in await connection.execute(query)]

    async def revoke(self, credential_id: str, at: float) -> Credential | None:
        """Revoke what was made under this id and return it; None when nothing was."""

        async def work(connection: AsyncConnection) -> Credential | None:
            mine = api_keys.c.id == credential_id
            await connection.execute(
                update(api_keys).where(mine, api_keys.c.revoked_at.is_(None)).values(revoked_at=at)
            )
            row = (await connection.execute(select(api_keys).where(mine))).one_or_none()
            if row is None:
                return None
            found = _credential(row)
            if found.kind == "jwt":
                await _mark_token(connection, found.id, found.expires_at, at)
            return found

        return await self._database.write(work)

    async def revoke_token(self, jti: str, expires_at: float, at: float) -> None:
        """Revoke the token with this id, whoever made it."""

        async def work(connection: AsyncConnection) -> None:
            await _mark_token(connection, jti, expires_at, at)

        await self._database.write(work)

    async def is_token_revoked(self, jti: str) -> bool:
        """Return whether the token with this id was revoked."""
        async with self._database.read() as connection:
            query = select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == jti)
            return (await connection.execute(query)).one_or_none() is not None

    async def purge(self, before: float, most: int) -> int:
        """Delete up to `most` rows of what expired before this instant and return how many went."""

        async def work(connection: AsyncConnection) -> int:
            gone = 0
            for table in (api_keys, revoked_tokens):
                old = delete_before(table.c.expires_at, before, most - gone)
                gone += (await connection.execute(old)).rowcount
            return gone

        return await self._database.write(work)


async def _mark_token(connection: AsyncConnection, jti: str, expires_at: float, at: float) -> None:
    known = select(revoked_tokens.c.jti).where(revoked_tokens.c.jti == jti)
    if (await connection.execute(known)).one_or_none() is None:
        values = {"jti": jti, "expires_at": expires_at, "revoked_at": at}
        await connection.execute(insert(revoked_tokens).values(values))


def _credential(row: Row[Any]) -> Credential:
    return Credential(**row._asdict())
