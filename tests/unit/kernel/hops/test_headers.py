"""What a hop's headers hold."""

from tests.fakes.kernel.clock import FakeClock
from wattos_platform.contracts.identity import Identity
from wattos_platform.kernel.context import RequestContext
from wattos_platform.kernel.hops.headers import CachedSign, hop_headers

ADA = Identity("school", "ada", ("editor",))


def test_a_signature_is_kept_for_ten_seconds_per_identity():
    signed, clock = [], FakeClock()

    def sign(identity, audience):
        signed.append((identity.user, audience))
        return f"token-{len(signed)}"

    cached = CachedSign(sign, "rag", clock)
    assert [cached(ADA), cached(ADA), cached(Identity("school", "bob"))] == ["token-1", "token-1", "token-2"]
    clock.advance(10)
    assert cached(ADA) == "token-3"
    assert cached(Identity("other-school", "ada", ("editor",))) == "token-4"
    assert {audience for _, audience in signed} == {"rag"}


def test_signatures_kept_are_bounded():
    cached = CachedSign(lambda identity, audience: identity.user, "rag", FakeClock())
    for number in range(3000):
        cached(Identity("t", str(number)))
    assert len(cached._tokens) <= 1024


def test_no_identity_no_header_and_none_from_the_caller():
    context = RequestContext("request-1", "a" * 32, "b" * 16, 0.0)
    given = {"X-Wattos-Identity": "forged", "Host": "x", "TE": "trailers", "Accept": "a/b"}
    headers = hop_headers(given, context, sign=None, left_s=1.2345, attempt=0)
    assert set(headers) == {
        "accept", "x-request-id", "traceparent", "x-request-deadline-ms", "x-wattos-attempt",
    }  # fmt: skip
    assert headers["x-request-deadline-ms"] == "1234"
