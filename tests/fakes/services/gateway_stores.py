"""What the gateway keeps, in memory: fakes of its ports, held to the same contract as the database."""

from collections.abc import Sequence
from dataclasses import replace

from wattos_platform.services.gateway.domain.audit import AuditRecord
from wattos_platform.services.gateway.domain.credentials import Credential


class MemoryCredentials:
    """The port Credentials. `asked` counts look-ups; `down` makes them fail."""

    def __init__(self) -> None:
        self._kept: dict[str, Credential] = {}
        self._revoked: dict[str, float] = {}
        self.asked = 0
        self.down: Exception | None = None

    async def add(self, credential: Credential) -> None:
        self._kept[credential.id] = credential

    async def by_fingerprint(self, fingerprint: str) -> Credential | None:
        self._look()
        return next((kept for kept in self._kept.values() if kept.fingerprint == fingerprint), None)

    async def page(
        self, after: str | None, limit: int, *, tenant: str | None = None, revoked: bool | None = None
    ) -> Sequence[Credential]:
        kept = [self._kept[key] for key in sorted(self._kept) if after is None or key > after]
        of_tenant = [each for each in kept if tenant in (None, each.tenant)]
        return [each for each in of_tenant if revoked in (None, each.revoked_at is not None)][:limit]

    async def revoke(self, credential_id: str, at: float) -> Credential | None:
        found = self._kept.get(credential_id)
        if found is None:
            return None
        if found.revoked_at is None:
            found = self._kept[credential_id] = replace(found, revoked_at=at)
        if found.kind == "jwt":
            self._revoked[found.id] = found.expires_at
        return found

    async def revoke_token(self, jti: str, expires_at: float, at: float) -> None:
        self._revoked[jti] = expires_at

    async def is_token_revoked(self, jti: str) -> bool:
        self._look()
        return jti in self._revoked

    async def purge(self, before: float, most: int) -> int:
        old = [key for key, kept in self._kept.items() if kept.expires_at < before][:most]
        older = [jti for jti, expires_at in self._revoked.items() if expires_at < before][: most - len(old)]
        for key in old:
            del self._kept[key]
        for jti in older:
            del self._revoked[jti]
        return len(old) + len(older)

    def _look(self) -> None:
        self.asked += 1
        if self.down is not None:
            raise self.down


class MemoryAuditLog:
    """The port AuditLog."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, AuditRecord]] = []
        self._next = 1

    def record(self, record: AuditRecord) -> None:
        self.rows.append((self._next, record))
        self._next += 1

    def is_behind(self) -> bool:
        return False

    async def page(self, tenant: str, before: int | None, limit: int) -> Sequence[tuple[int, AuditRecord]]:
        mine = [row for row in reversed(self.rows) if row[1].tenant == tenant]
        return [row for row in mine if before is None or row[0] < before][:limit]

    async def purge(self, before: float, most: int) -> int:
        old = [row for row in self.rows[:most] if row[1].at < before]
        self.rows = [row for row in self.rows if row not in old]
        return len(old)
