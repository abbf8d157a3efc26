import pytest

from wattos_platform.services.gateway.domain.addresses import TrustedProxies
from wattos_platform.services.gateway.domain.limits import (
    Draw,
    Rate,
    RatePlan,
    TenantRates,
    parse_rate,
    policy_header,
    state_header,
)

PLAN = RatePlan(
    user=Rate(100, 60),
    tenant=Rate(1000, 60),
    address=Rate(60, 60),
    tenants={"loadtest": TenantRates(user=Rate(9000, 1), tenant=Rate(90_000, 1))},
    classes={"upload": Rate(5, 60)},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100r/m", Rate(100, 60)), ("1r/s", Rate(1, 1)), ("5r/h", Rate(5, 3600)), ("9r/d", Rate(9, 86400))],
)
def test_a_rate_is_read(text: str, expected: Rate) -> None:
    assert parse_rate(text) == expected


@pytest.mark.parametrize("text", ["", "100", "100/m", "0r/m", "-1r/m", "1r/w", "1.5r/m", "1r/m ", "1r/min"])
def test_what_is_not_a_rate_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="100r/m"):
        parse_rate(text)


def test_a_request_draws_on_its_user_and_its_tenant() -> None:
    assert PLAN.draws("school", "ada", "standard") == (
        Draw("user", "user:school:ada", Rate(100, 60)),
        Draw("tenant", "tenant:school", Rate(1000, 60)),
    )


def test_a_configured_tenant_has_its_own_rates() -> None:
    assert [draw.rate for draw in PLAN.draws("loadtest", "vu1", "standard")] == [
        Rate(9000, 1),
        Rate(90_000, 1),
    ]


def test_a_configured_class_is_a_bucket_of_its_own() -> None:
    assert PLAN.draws("school", "ada", "upload")[2] == Draw("upload", "class:upload:school:ada", Rate(5, 60))


def test_a_credential_with_a_limit_of_its_own_counts_apart() -> None:
    assert PLAN.draws("school", "ada", "standard", ("k1", 7))[0] == Draw("credential", "key:k1", Rate(7, 60))


def test_the_same_user_name_in_two_tenants_are_two_users() -> None:
    assert PLAN.draws("a", "ada", "standard")[0].key != PLAN.draws("b", "ada", "standard")[0].key


def test_the_header_fields() -> None:
    draw = Draw("user", "user:a:b", Rate(100, 60))
    assert policy_header(draw) == '"user";q=100;w=60'
    assert state_header(draw, 99, 0.6) == '"user";r=99;t=1'


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
