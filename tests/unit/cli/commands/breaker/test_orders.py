"""`wattos breaker trip` and `reset`: every replica is told itself and answers for itself."""

import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.breaker_platform import (
    CHAT,
    CLOSED,
    LLM,
    LLM1,
    TRIPPED,
    breaker_platform,
    deps_for,
    unknown,
)
from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.app import execute
from wattos_cli.clients.breaker_orders import Order
from wattos_cli.commands.breaker import reset, trip
from wattos_cli.dispatch import failures
from wattos_cli.errors import ExitCode, WattosError


@pytest.fixture
def http(tmp_path: Path) -> FakeHttp:
    return breaker_platform(tmp_path)


def order(action: str = "trip", name: str = "llm:openai", **more: Any) -> Order:
    return Order(action, name, "drill", **more)


@pytest.fixture
def told(http: FakeHttp) -> FakeHttp:
    """A platform in which both model gateways know llm:openai, and chat does not."""
    for action in ("trip", "reset"):
        path = f"/admin/breakers/llm:openai/{action}"
        http.answer(CHAT, path, unknown("llm:openai", "hop:rag"), 404)
        answer = {"breaker": TRIPPED if action == "trip" else CLOSED, "shared": False, "problem": None}
        http.answer(LLM, path, answer)
        http.answer(LLM1, path, answer)
    return http


def test_trip_tells_every_replica_itself(tmp_path: Path, told: FakeHttp) -> None:
    deps = deps_for(tmp_path, told, environ={"WATTOS_ACTOR": "ann@box"}, json_output=True)
    assert trip.run(trip.Options(order(ttl_s=30.0)), deps) == ExitCode.OK
    body = published(out(deps))
    assert (body["name"], body["reason"], body["actor"]) == ("llm:openai", "drill", "ann@box")
    assert [(row["service"], row["replica"], row["ok"], row["state"]) for row in body["replicas"]] == [
        ("llm-gateway", 0, True, "forced_open"),
        ("llm-gateway", 1, True, "forced_open"),
    ]
    sent = [body for method, _, path, body, _ in told.requests if method == "POST"]
    assert len(sent) == 3
    assert len({wish["id"] for wish in sent}) == 1
    assert {name: value for name, value in sent[0].items() if name != "id"} == {
        "reason": "drill",
        "actor": "ann@box",
        "scope": "platform",
        "ttl_s": 30.0,
    }


@pytest.mark.parametrize(
    ("more", "addresses", "scope"),
    [
        ({"service": "llm-gateway"}, {LLM, LLM1}, "service"),
        ({"service": "llm-gateway", "replica": 1}, {LLM1}, "replica"),
        ({"replica": 1}, {LLM1}, "replica"),
    ],
)
def test_an_order_goes_only_where_it_is_meant_for(
    tmp_path: Path, told: FakeHttp, more: dict[str, Any], addresses: set[str], scope: str
) -> None:
    trip.run(trip.Options(order(**more)), deps_for(tmp_path, told))
    assert {address for _, address, *_ in told.requests} == addresses
    assert {body["scope"] for *_, body, _ in told.requests} == {scope}


def test_who_is_not_named_is_the_login_name_at_this_machine(tmp_path: Path, told: FakeHttp) -> None:
    trip.run(trip.Options(order()), deps_for(tmp_path, told))
    actor = f"{pwd.getpwuid(os.getuid()).pw_name}@{os.uname().nodename}"
    assert {body["actor"] for *_, body, _ in told.requests} == {actor}


def test_reset_says_what_became_of_it(tmp_path: Path, told: FakeHttp) -> None:
    deps = deps_for(tmp_path, told)
    assert reset.run(reset.Options(order("reset")), deps) == ExitCode.OK
    assert out(deps).splitlines() == [
        "SERVICE        STATE   UNTIL",
        "llm-gateway-0  closed  -",
        "llm-gateway-1  closed  -",
    ]


def test_partial_success_is_exit_1_and_reports_each(tmp_path: Path, told: FakeHttp) -> None:
    del told.replies[LLM1, "/admin/breakers/llm:openai/trip"]
    deps = deps_for(tmp_path, told)
    assert trip.run(trip.Options(order()), deps) == ExitCode.NO
    assert "llm-gateway-0  forced_open  2026-11-23T18:00:30Z" in out(deps)
    assert "llm-gateway-1  failed       llm-gateway does not answer" in out(deps)
    assert "not every replica obeyed" in err(deps)


def test_a_board_that_is_down_is_told(tmp_path: Path, told: FakeHttp) -> None:
    body = {"breaker": TRIPPED, "shared": False, "problem": "Connection refused"}
    told.answer(LLM, "/admin/breakers/llm:openai/trip", body)
    deps = deps_for(tmp_path, told)
    assert trip.run(trip.Options(order()), deps) == ExitCode.OK
    assert "not shared: Connection refused" in err(deps)


def test_an_unknown_breaker_is_a_usage_error_with_a_suggestion(tmp_path: Path, http: FakeHttp) -> None:
    for address, known in ((CHAT, "hop:rag"), (LLM, "llm:openai"), (LLM1, "llm:openai")):
        http.answer(address, "/admin/breakers/llm:opnai/trip", unknown("llm:opnai", known), 404)
    deps = deps_for(tmp_path, http)
    with pytest.raises(WattosError, match=r"'llm:opnai'\. Did you mean 'llm:openai'") as caught:
        trip.run(trip.Options(order(name="llm:opnai")), deps)
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["breaker", "trip", "llm:openai"], "--reason"),
        (["breaker", "reset", "llm:openai"], "--reason"),
        (["breaker", "trip", "llm:openai", "--reason", " "], "--reason"),
        (["breaker", "trip", "llm:openai", "--reason", "x" * 201], "--reason"),
        (["breaker", "trip", "llm:openai", "--reason", "two\nlines"], "--reason"),
        (["breaker", "trip", "llm:openai", "--reason", "x", "--for", "31d"], "--for"),
        (["breaker", "trip", "llm:openai", "--reason", "x", "--for", "800h"], "--for"),
        (["breaker", "trip", "--reason", "x"], "NAME"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_wrong_command_line_is_exit_2_and_names_what_is_wrong(
    tmp_path: Path, http: FakeHttp, argv: list[str], named: str
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - typer's own for some, ours for others
        execute(argv, deps=deps_for(tmp_path, http))
    error = failures.as_wattos_error(caught.value, argv, {})
    assert (error.exit_code, named in error.message) == (ExitCode.USAGE, True), error.message
    assert http.requests == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"service": "rag"}, ExitCode.UNREACHABLE),
        ({"service": "rga"}, ExitCode.USAGE),
        ({"replica": 7}, ExitCode.USAGE),
    ],
)
def test_a_place_that_is_not_there(
    tmp_path: Path, http: FakeHttp, more: dict[str, Any], code: ExitCode
) -> None:
    with pytest.raises(WattosError) as caught:
        trip.run(trip.Options(order(**more)), deps_for(tmp_path, http))
    assert caught.value.exit_code == code


def test_an_order_to_nobody_is_exit_4(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="not running") as caught:
        trip.run(trip.Options(order()), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.UNREACHABLE


def test_a_wrong_actor_is_a_wrong_configuration(tmp_path: Path, http: FakeHttp) -> None:
    with pytest.raises(WattosError, match="WATTOS_ACTOR") as caught:
        trip.run(trip.Options(order()), deps_for(tmp_path, http, environ={"WATTOS_ACTOR": "a\nb"}))
    assert caught.value.exit_code == ExitCode.CONFIG
