"""The signed identity of one hop; any other token is refused."""

import base64
import json

import jwt
import pytest

from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.kernel.identity import IdentitySigner

KEY = b"k" * 32
CALLER = Identity("tenant-a", "user-1", ("editor", "viewer"))


def signer(service: str, now: float = 1000.0, key: bytes = KEY) -> IdentitySigner:
    return IdentitySigner(key, service, lambda: now)


def forged(header: dict[str, str], claims: dict[str, object], signature: str = "") -> str:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)
    ]
    return f"{parts[0]}.{parts[1]}.{signature}"


def test_an_identity_survives_the_hop_and_names_who_acts() -> None:
    got = signer("rag").verify(signer("gateway").sign(CALLER, "rag"))
    assert got == Identity("tenant-a", "user-1", ("editor", "viewer"), "gateway")


def test_the_token_is_a_standard_jwt() -> None:
    claims = jwt.decode(
        signer("gateway").sign(CALLER, "rag"),
        KEY,
        algorithms=["HS256"],
        audience="rag",
        options={"verify_exp": False},
    )
    assert claims["tenant"] == "tenant-a"
    assert claims["exp"] == 1060


ALL = {"tenant": "b", "user": "u", "roles": ["admin"], "act": "gateway", "aud": "rag", "exp": 9999999999}


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="empty"),
        pytest.param("a.b.c", id="garbage"),
        pytest.param("ä.ö.ü", id="not-ascii"),
        pytest.param(forged({"alg": "none"}, ALL), id="alg-none"),
        pytest.param(forged({"alg": "HS256", "typ": "JWT"}, ALL), id="unsigned"),
        pytest.param(signer("gateway", key=b"x" * 32).sign(CALLER, "rag"), id="other-key"),
        pytest.param(signer("gateway").sign(CALLER, "chat"), id="other-audience"),
        pytest.param(signer("gateway", now=900.0).sign(CALLER, "rag"), id="expired"),
        pytest.param(signer("gateway").sign(CALLER, "rag") + "x", id="changed-signature"),
    ],
)
def test_any_other_token_is_refused(token: str) -> None:
    with pytest.raises(ServiceError) as refused:
        signer("rag").verify(token)
    assert refused.value.status == 401


def test_a_short_key_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        IdentitySigner(b"short", "rag")
