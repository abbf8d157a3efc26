"""What the gateway needs of the outside world, so that fakes can stand in for it."""

from collections.abc import Sequence
from typing import Protocol

from wattos_platform.services.gateway.domain.audit import AuditRecord
from wattos_platform.services.gateway.domain.credentials import Credential


class Credentials(Protocol):
    """Keeps credentials and what was revoked. Instants are epoch seconds."""

    async def add(self, credential: Credential) -> None:
        """Keep `credential`; it counts once this returns."""

    async def by_fingerprint(self, fingerprint: str) -> Credential | None:
        """Return the API key with this fingerprint, revoked and expired ones too."""

    async def page(
        self, after: str | None, limit: int, *, tenant: str | None = None, revoked: bool | None = None
    ) -> Sequence[Credential]:
        """Return up to `limit` credentials in the order of their ids, from behind the id `after`.

        With `tenant` only those of that tenant, with `revoked` only those that are, or are not.
        """

    async def revoke(self, credential_id: str, at: float) -> Credential | None:
        """Revoke what was made under this id and return it; None when nothing was. Twice is no error."""

    async def revoke_token(self, jti: str, expires_at: float, at: float) -> None:
        """Revoke the token with this id, whoever made it."""

    async def is_token_revoked(self, jti: str) -> bool:
        """Return whether the token with this id was revoked."""

    async def purge(self, before: float, most: int) -> int:
        """Delete up to `most` rows of what expired before this instant and return how many went."""


class AuditLog(Protocol):
    """Keeps who did what."""

    def record(self, record: AuditRecord) -> None:
        """Keep `record` without waiting; it may lag by 100 ms, and is counted when it must be dropped."""

    def is_behind(self) -> bool:
        """Return whether rows have waited for more than a second: what is answered now may not be kept."""

    async def page(self, tenant: str, before: int | None, limit: int) -> Sequence[tuple[int, AuditRecord]]:
        """Return up to `limit` records of `tenant`, newest first, older than the row `before`."""

    async def purge(self, before: float, most: int) -> int:
        """Delete up to `most` rows older than this instant and return how many went."""
