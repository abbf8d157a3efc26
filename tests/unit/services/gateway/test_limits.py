"""Which limits a request draws on."""

import pytest

from wattos_platform.kernel.resilience.limiter import Decision, Limit, Want
from wattos_platform.services.gateway.domain.addresses import TrustedProxies
from wattos_platform.services.gateway.domain.limits import (
    LimitPlan,
    TenantRates,
    policy_header,
    state_header,
)

USER, TENANT = Limit.parse("user", "100r/m"), Limit.parse("tenant", "1000r/m")
UPLOAD = Limit.parse("upload", "5r/m")
MANY = Limit.parse("user", "9000r/s")
PLAN = LimitPlan(
    user=USER,
    tenant=TENANT,
    address=Limit.parse("ip", "60r/m"),
    tenants={"loadtest": TenantRates(user=MANY)},
    classes={"upload": UPLOAD},
)


def test_a_request_draws_on_its_user_and_its_tenant() -> None:
    assert PLAN.wants("school", "ada", "standard") == (Want("school/ada", USER), Want("school", TENANT))


def test_a_configured_tenant_has_its_own_limits() -> None:
    assert [want.limit for want in PLAN.wants("loadtest", "vu1", "standard")] == [MANY, TENANT]


def test_a_configured_class_counts_apart() -> None:
    assert PLAN.wants("school", "ada", "upload")[2] == Want("school/ada", UPLOAD)


def test_a_credential_with_a_limit_of_its_own_counts_apart() -> None:
    assert PLAN.wants("school", "ada", "standard", ("k1", 7))[0] == Want("k1", Limit("credential", 7, 60))


def test_the_same_user_name_in_two_tenants_are_two_users() -> None:
    assert PLAN.wants("a", "ada", "standard")[0].key != PLAN.wants("b", "ada", "standard")[0].key


def test_the_header_fields() -> None:
    wants = PLAN.wants("school", "ada", "standard")
    assert policy_header(wants) == b'"user";q=100;w=60, "tenant";q=1000;w=60'
    assert state_header(Decision(True, 99, 0.0, 0.6, USER)) == b'"user";r=99;t=1'


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        pytest.param([], "203.0.113.9", b"198.51.100.1", "203.0.113.9", id="nobody-is-trusted"),
        pytest.param(["10.0.0.0/8"], "203.0.113.9", b"198.51.100.1", "203.0.113.9", id="peer-is-not-trusted"),
        pytest.param(["10.0.0.0/8"], "10.0.0.1", b"198.51.100.1", "198.51.100.1", id="one-proxy"),
        pytest.param(
            ["10.0.0.0/8"],
            "10.0.0.1",
            b"1.1.1.1, 198.51.100.1,10.0.0.2",
            "198.51.100.1",
            id="rightmost-wins",
        ),
        pytest.param(["10.0.0.0/8"], "10.0.0.1", b"nonsense", "10.0.0.1", id="nonsense-is-ignored"),
        pytest.param(["10.0.0.1"], "10.0.0.1", None, "10.0.0.1", id="no-header"),
        pytest.param([], "2001:db8::1", None, "2001:db8::/64", id="ipv6-counts-as-its-network"),
        pytest.param([], "unix", None, "unix", id="no-address"),
    ],
)
def test_whose_address_counts(trusted: list[str], peer: str, forwarded: bytes | None, expected: str) -> None:
    assert TrustedProxies(trusted).client_address(peer, forwarded) == expected
