"""Verified credentials are remembered, and forgotten as soon as they are revoked or expire."""

import pytest

from tests.fakes.services.gateway_stores import MemoryCredentials
from wattos_platform.kernel.errors import ServiceError
from wattos_platform.services.gateway.authentication import MAX_CACHED, RECHECK_S, Authenticator
from wattos_platform.services.gateway.domain.principal import Principal
from wattos_platform.services.gateway.domain.tokens import TokenCodec
from wattos_platform.services.gateway.tokens import CredentialService


class Scene:
    """An authenticator with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.credentials = MemoryCredentials()
        self.codec = TokenCodec(b"s" * 32, "wattos", "wattos", lambda: self.now)
        self.authenticator = Authenticator(self.codec, self.credentials, lambda: self.now, lambda: self.now)
        self.count = 0
        self.credential_service = CredentialService(
            self.credentials,
            self.codec,
            self.authenticator,
            clock=lambda: self.now,
            random_bytes=self._random,
            new_id=self._id,
        )

    def _random(self, size: int) -> bytes:
        self.count += 1
        return bytes((self.count + index) % 248 for index in range(size))

    def _id(self) -> str:
        self.count += 1
        return f"id-{self.count}"

    async def token(self, kind, ttl_s=100):
        text, _ = await self.credential_service.make(
            tenant="school", user="ada", role="editor", ttl_s=ttl_s, kind=kind, per_minute=None
        )
        return text

    async def come(self, token: str) -> Principal:
        return await self.authenticator.authenticate(b"Bearer " + token.encode())


@pytest.fixture
def scene() -> Scene:
    return Scene()


KINDS = pytest.mark.parametrize("kind", ["key", "jwt"])


@KINDS
async def test_a_verified_credential_is_not_looked_up_for_each_request(scene, kind) -> None:
    token = await scene.token(kind)
    for _ in range(50):
        assert (await scene.come(token)).user == "ada"
    assert scene.credentials.asked == 1


@KINDS
async def test_a_revocation_elsewhere_is_seen_within_two_seconds(scene, kind) -> None:
    token = await scene.token(kind)
    principal = await scene.come(token)
    await scene.credentials.revoke(principal.credential_id, scene.now)
    assert (await scene.come(token)).user == "ada"
    scene.now += RECHECK_S
    with pytest.raises(ServiceError) as caught:
        await scene.come(token)
    assert caught.value.code == "token_revoked"


@KINDS
async def test_a_revocation_here_counts_at_once(scene, kind) -> None:
    token = await scene.token(kind)
    await scene.come(token)
    await scene.credential_service.revoke_token(token)
    with pytest.raises(ServiceError) as caught:
        await scene.come(token)
    assert (caught.value.status, caught.value.code) == (401, "token_revoked")


@KINDS
async def test_expiry_counts_for_what_is_remembered_too(scene, kind) -> None:
    token = await scene.token(kind, ttl_s=1)
    await scene.come(token)
    scene.now += 1
    with pytest.raises(ServiceError) as caught:
        await scene.come(token)
    assert caught.value.code == "token_expired"


@KINDS
@pytest.mark.parametrize("defect", [pytest.param(18, id="defect-18")])
async def test_a_database_that_cannot_be_asked_lets_nobody_in(scene, kind, defect) -> None:
    token = await scene.token(kind)
    await scene.come(token)
    scene.credentials.down = ServiceError(503, "database_unavailable", "down")
    scene.now += RECHECK_S
    for _ in range(2):
        with pytest.raises(ServiceError) as caught:
            await scene.come(token)
        assert caught.value.status == 503
    scene.credentials.down = None
    assert (await scene.come(token)).user == "ada"


async def test_the_cache_is_bounded(scene) -> None:
    for number in range(MAX_CACHED + 10):
        principal = Principal(f"u{number}", ("school",), ("viewer",), f"j{number}", scene.now + 9)
        await scene.come(scene.codec.issue(principal))
    assert len(scene.authenticator._cache) == MAX_CACHED


async def test_a_mistyped_key_never_reaches_the_database(scene) -> None:
    token = await scene.token("key")
    with pytest.raises(ServiceError, match="checksum"):
        await scene.come(token[:-1] + ("a" if token[-1] != "a" else "b"))
    assert scene.credentials.asked == 0


async def test_a_token_of_another_issuer_of_the_same_secret_can_be_revoked(scene) -> None:
    token = scene.codec.issue(Principal("ada", ("school",), ("editor",), "foreign", scene.now + 9))
    await scene.come(token)
    assert await scene.credential_service.revoke_token(token) == "foreign"
    with pytest.raises(ServiceError, match="revoked"):
        await scene.come(token)


async def test_unknown_keys_and_ids_cannot_be_revoked(scene) -> None:
    assert await scene.credential_service.revoke_id("nothing") is None
    assert await scene.credential_service.revoke_token("wk_nothing") is None
