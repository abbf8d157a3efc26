"""Making and revoking credentials: the work behind the operations listener's token routes."""

from collections.abc import Callable, Sequence

from wattos_platform.services.gateway.authentication import Authenticator
from wattos_platform.services.gateway.domain.credentials import Credential, Kind
from wattos_platform.services.gateway.domain.keys import PREFIX, fingerprint, is_well_formed, new_key
from wattos_platform.services.gateway.domain.tokens import TokenCodec
from wattos_platform.services.gateway.ports import Credentials


class CredentialService:
    """Makes, lists and revokes credentials. `random_bytes` is os.urandom, `new_id` a UUIDv7."""

    def __init__(
        self,
        credentials: Credentials,
        codec: TokenCodec,
        authenticator: Authenticator,
        *,
        clock: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        new_id: Callable[[], str],
    ) -> None:
        self._credentials = credentials
        self._codec = codec
        self._authenticator = authenticator
        self._clock = clock
        self._random_bytes = random_bytes
        self._new_id = new_id

    async def make(
        self, *, tenant: str, user: str, role: str, ttl_s: int, kind: Kind, per_minute: int | None
    ) -> tuple[str, Credential]:
        """Return a new secret and what is kept of it. The secret exists nowhere else from then on."""
        now = self._clock()
        key = new_key(self._random_bytes) if kind == "key" else None
        credential = Credential(
            id=self._new_id(),
            kind=kind,
            fingerprint=None if key is None else fingerprint(key),
            tenant=tenant,
            user=user,
            role=role,
            created_at=now,
            # Whole seconds, as a JWT's exp is: both kinds end when they say.
            expires_at=float(int(now) + ttl_s),
            per_minute=per_minute,
        )
        await self._credentials.add(credential)
        return key or self._codec.issue(credential.principal()), credential

    async def page(
        self, after: str | None, limit: int, *, tenant: str | None = None, revoked: bool | None = None
    ) -> Sequence[Credential]:
        """Return up to `limit` credentials from behind the id `after`; see the port."""
        return await self._credentials.page(after, limit, tenant=tenant, revoked=revoked)

    async def revoke_id(self, credential_id: str) -> str | None:
        """Revoke what was made under this id and return the id; None when nothing was."""
        found = await self._credentials.revoke(credential_id, self._clock())
        if found is None:
            return None
        self._authenticator.forget(found.id)
        return found.id

    async def revoke_token(self, token: str) -> str | None:
        """Revoke this key or token, expired ones too, and return its id; None for a key never made here.

        ServiceError 401 for a token whose signature is not ours: what cannot come in need not be revoked.
        """
        if token.startswith(PREFIX):
            found = (
                await self._credentials.by_fingerprint(fingerprint(token)) if is_well_formed(token) else None
            )
            return None if found is None else await self.revoke_id(found.id)
        claims = self._codec.verify(token, expired_ok=True)
        now = self._clock()
        if await self._credentials.revoke(claims.jti, now) is None:
            await self._credentials.revoke_token(claims.jti, claims.expires_at, now)
        self._authenticator.forget(claims.jti)
        return claims.jti
