"""JSON Web Tokens: HS256 with the platform's secret and nothing else, every claim that matters checked."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.gateway.domain.principal import Principal, is_tenant_name, is_user_name

ALGORITHM = "HS256"
MAX_TOKEN_CHARS = 8192
MIN_SECRET_BYTES = 32
MAX_TENANTS = 100
_REQUIRED = ("exp", "iss", "aud", "sub", "jti", "tenant")
_MAX_ID_CHARS = 128


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, verified: the principal, and the id by which it can be revoked."""

    principal: Principal
    jti: str
    expires_at: float


class TokenCodec:
    """Issues and verifies tokens. `issuer` and `audience` are demanded, not optional.

    The algorithm is pinned: a token that names another one, `none` included, is refused unread (RFC 8725,
    3.1). The clock is an argument, so expiry is checked here and not by the library. ValueError for a secret
    shorter than 32 bytes.
    """

    def __init__(self, secret: bytes, issuer: str, audience: str, clock: Callable[[], float]) -> None:
        if len(secret) < MIN_SECRET_BYTES:
            raise ValueError(f"the JWT secret has {len(secret)} bytes, it needs at least {MIN_SECRET_BYTES}")
        self._secret = secret
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def issue(self, principal: Principal) -> str:
        """Return a token for `principal`, whose credential id becomes the token's `jti`."""
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": principal.user,
            "tenant": principal.tenants[0],
            "roles": list(principal.roles),
            "jti": principal.credential_id,
            "iat": int(self._clock()),
            "exp": int(principal.expires_at),
        }
        if principal.per_minute is not None:
            claims["limits"] = {"per_minute": principal.per_minute}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def verify(self, token: str, *, expired_ok: bool = False) -> Claims:
        """Return what `token` says; ServiceError 401 with the reason when it is not to be believed.

        `expired_ok` is for revoking: an old token can still be named.
        """
        payload = self._payload(token)
        expires_at = _instant(payload, "exp")
        now = self._clock()
        if expires_at <= now and not expired_ok:
            raise ServiceError(
                401, "token_expired", "The token has expired; ask for a new one.", headers=_challenge()
            )
        if "nbf" in payload and _instant(payload, "nbf") > now:
            raise _refused("it is not valid yet (nbf)")
        return Claims(_principal(payload, expires_at), payload["jti"], expires_at)

    def _payload(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARS:
            raise _refused(f"it is longer than {MAX_TOKEN_CHARS} characters")
        try:
            return jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={
                    "require": list(_REQUIRED),
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise _refused(_reason(error)) from None


def _principal(payload: dict[str, Any], expires_at: float) -> Principal:
    tenants = (payload["tenant"], *_strings(payload, "tenants"))
    if len(tenants) > MAX_TENANTS or not all(is_tenant_name(tenant) for tenant in tenants):
        raise _refused("a tenant in it is not a tenant name")
    if not is_user_name(payload["sub"]):
        raise _refused("its sub is not a user name")
    jti = payload["jti"]
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_ID_CHARS:
        raise _refused("its jti is not an id")
    return Principal(
        user=payload["sub"],
        tenants=tuple(dict.fromkeys(tenants)),
        roles=_strings(payload, "roles"),
        credential_id=jti,
        expires_at=expires_at,
        per_minute=_per_minute(payload),
    )


def _strings(payload: dict[str, Any], claim: str) -> tuple[str, ...]:
    values = payload.get(claim, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _refused(f"its {claim} is not a list of strings")
    return tuple(values)


def _instant(payload: dict[str, Any], claim: str) -> float:
    value = payload[claim]
    # JSON's 1e999 reads as infinity, and a token that never expires is not a token.
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refused(f"its {claim} is not a time")
    return float(value)


def _per_minute(payload: dict[str, Any]) -> int | None:
    limits = payload.get("limits")
    value = limits.get("per_minute") if isinstance(limits, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _reason(error: jwt.InvalidTokenError) -> str:
    match error:
        case jwt.MissingRequiredClaimError():
            return f"the claim {error.claim} is missing"
        case jwt.InvalidIssuerError():
            return "it comes from another issuer (iss)"
        case jwt.InvalidAudienceError():
            return "it is meant for another audience (aud)"
        case jwt.InvalidAlgorithmError():
            return f"its algorithm is not {ALGORITHM}"
        case jwt.InvalidSignatureError():
            return "its signature is not valid"
        case _:
            return "it cannot be read"


def _challenge() -> dict[str, str]:
    return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def _refused(reason: str) -> ServiceError:
    return ServiceError(401, "invalid_token", f"The token was refused: {reason}.", headers=_challenge())
