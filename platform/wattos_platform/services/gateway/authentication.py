"""From a credential in a header to a verified caller, with a cache that obeys expiry and revocation."""

from collections.abc import Callable
from dataclasses import dataclass

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.gateway.domain.keys import PREFIX, fingerprint, is_well_formed
from wattos_platform.services.gateway.domain.principal import Principal
from wattos_platform.services.gateway.domain.tokens import TokenCodec
from wattos_platform.services.gateway.ports import Credentials

MAX_CACHED = 10_000
RECHECK_S = 2.0
_BEARER = b"Bearer "
_SCHEME = _BEARER.lower()
_JWT_DOTS = 2


@dataclass(slots=True)
class _Verified:
    principal: Principal
    recheck_at: float
    is_key: bool


class Authenticator:
    """Verifies credentials.

    A verified one is remembered (at most 10 000, the oldest forgotten first) until it expires; every 2 s it
    is looked up again, which is how long a revocation at another replica may take to be seen here. A
    revocation at this replica counts at once. When the database cannot be asked, the call fails: never open.
    """

    def __init__(
        self,
        codec: TokenCodec,
        credentials: Credentials,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._codec = codec
        self._credentials = credentials
        self._clock = clock
        self._monotonic = monotonic
        self._cache: dict[bytes, _Verified] = {}

    async def authenticate(self, authorization: bytes | None, api_key: bytes | None = None) -> Principal:
        """Return who sent these headers; ServiceError 401 with the reason when they are not to be believed.

        `api_key` is the value of x-api-key: what would stand after Bearer, a key or a token; empty is none.
        """
        if api_key:
            authorization = _only_credential(authorization, api_key)
        if authorization is None:
            raise _refused("missing_credentials", _HOW, error=False)
        known = self._cache.get(authorization)
        if known is None:
            return await self._first_time(authorization)
        if known.principal.expires_at <= self._clock():
            del self._cache[authorization]
            raise _expired()
        if known.recheck_at <= self._monotonic():
            await self._recheck(authorization, known)
        return known.principal

    def forget(self, credential_id: str) -> None:
        """Drop what is remembered of a credential, so that its revocation counts at once."""
        gone = [
            header for header, known in self._cache.items() if known.principal.credential_id == credential_id
        ]
        for header in gone:
            del self._cache[header]

    async def _first_time(self, authorization: bytes) -> Principal:
        token = _bearer(authorization)
        # What has not the three parts of a JWT was meant as a key, be it another platform's.
        is_key = token.startswith(PREFIX) or token.count(".") != _JWT_DOTS
        principal = await self._key(token) if is_key else await self._token(token)
        if len(self._cache) >= MAX_CACHED:
            del self._cache[next(iter(self._cache))]
        self._cache[authorization] = _Verified(principal, self._monotonic() + RECHECK_S, is_key)
        return principal

    async def _recheck(self, authorization: bytes, known: _Verified) -> None:
        # Set before asking: of a hundred concurrent requests one asks, the others go on with what is known.
        known.recheck_at = self._monotonic() + RECHECK_S
        try:
            if known.is_key:
                await self._key(_bearer(authorization))
            else:
                await self._require_unrevoked(known.principal.credential_id)
        except BaseException:
            self._cache.pop(authorization, None)
            raise

    async def _key(self, key: str) -> Principal:
        if not is_well_formed(key):
            raise _refused(
                "invalid_api_key",
                "This is no API key of this platform (wk_...): its form or its checksum is wrong.",
            )
        found = await self._credentials.by_fingerprint(fingerprint(key))
        if found is None:
            raise _refused("invalid_api_key", "This API key is not known here.")
        if found.revoked_at is not None:
            raise _refused("token_revoked", "This API key was revoked.")
        if found.expires_at <= self._clock():
            raise _expired()
        return found.principal()

    async def _token(self, token: str) -> Principal:
        claims = self._codec.verify(token)
        await self._require_unrevoked(claims.jti)
        return claims.principal

    async def _require_unrevoked(self, jti: str) -> None:
        if await self._credentials.is_token_revoked(jti):
            raise _refused("token_revoked", "This token was revoked.")


_HOW = "Send Authorization: Bearer, or x-api-key, with a key or a token; `wattos token create` makes one."


def _only_credential(authorization: bytes | None, api_key: bytes) -> bytes:
    """Return the Authorization header that `api_key` stands for; 401 if another credential came with it."""
    meant = _BEARER + api_key
    if authorization is not None and _bearer(authorization) != _bearer(meant):
        raise _refused(
            "conflicting_credentials",
            "Authorization and x-api-key bear different credentials; send only one of the two.",
        )
    return meant


def _bearer(authorization: bytes) -> str:
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        raise _refused("missing_credentials", f"The Authorization header is not of the Bearer scheme. {_HOW}")
    try:
        token = authorization[len(_SCHEME) :].decode("ascii").strip()
    except UnicodeDecodeError:
        raise _refused("invalid_token", "The token was refused: it is not ASCII.") from None
    if not token:
        raise _refused("missing_credentials", f"The Authorization header holds no token. {_HOW}")
    return token


def _expired() -> ServiceError:
    return _refused("token_expired", "The token has expired; ask for a new one.")


def _refused(code: str, message: str, *, error: bool = True) -> ServiceError:
    challenge = 'Bearer error="invalid_token"' if error else "Bearer"
    return ServiceError(401, code, message, headers={"WWW-Authenticate": challenge})
