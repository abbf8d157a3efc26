"""What the gateway keeps of a credential: an API key's fingerprint or a token's id, never a secret."""

from dataclasses import dataclass
from typing import Literal

from wattos_platform.services.gateway.domain.principal import Principal

Kind = Literal["key", "jwt"]


@dataclass(frozen=True, slots=True)
class Credential:
    """A stored credential; instants are epoch seconds. A token has no fingerprint, and its jti as id."""

    id: str
    kind: Kind
    fingerprint: str | None
    tenant: str
    user: str
    role: str
    created_at: float
    expires_at: float
    per_minute: int | None = None
    revoked_at: float | None = None

    def principal(self) -> Principal:
        """Return who comes with this credential."""
        return Principal(
            user=self.user,
            tenants=(self.tenant,),
            roles=(self.role,),
            credential_id=self.id,
            expires_at=self.expires_at,
            per_minute=self.per_minute,
        )
