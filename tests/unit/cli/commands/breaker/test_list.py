"""`wattos breaker list` and `show`: every breaker of every replica."""

from pathlib import Path

import pytest

from tests.fakes.cli.breaker_platform import (
    CHANGE,
    CHAT,
    CLOSED,
    LLM,
    LLM1,
    SETTINGS,
    TRIPPED,
    breaker_platform,
    deps_for,
    unknown,
)
from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.commands.breaker import list as list_command
from wattos_cli.commands.breaker import show
from wattos_cli.errors import ExitCode, WattosError


@pytest.fixture
def http(tmp_path: Path) -> FakeHttp:
    return breaker_platform(tmp_path)


@pytest.mark.parametrize("schema", [pytest.param("wattos.breaker-list/v1", id="defect-45")])
def test_list_shows_every_breaker_of_every_replica(tmp_path: Path, http: FakeHttp, schema: str) -> None:
    deps = deps_for(tmp_path, http, json_output=True)
    assert list_command.run(list_command.Options(), deps) == ExitCode.OK
    body = published(out(deps))
    assert body["schema"] == schema
    assert [(row["service"], row["replica"], row["name"], row["state"]) for row in body["breakers"]] == [
        ("llm-gateway", 0, "llm:openai", "forced_open"),
        ("llm-gateway", 1, "llm:azure", "open"),
        ("chat", 0, "hop:rag", "closed"),
        ("llm-gateway", 1, "llm:openai", "closed"),
    ]
    assert body["unreached"] == []


def test_the_table_says_why_and_until_when(tmp_path: Path, http: FakeHttp) -> None:
    deps = deps_for(tmp_path, http)
    list_command.run(list_command.Options(), deps)
    assert out(deps).splitlines() == [
        "SERVICE        BREAKER     STATE        CALLS  FAILED  SLOW  REFUSED",
        "llm-gateway-0  llm:openai  forced_open      0       -     -        7",
        "    drill (ann@box, 29s left)",
        "llm-gateway-1  llm:azure   open            12     75%    0%        0",
        "    too many failed, tries again in 42s",
        "chat-0         hop:rag     closed          20      5%    0%        0",
        "llm-gateway-1  llm:openai  closed          20      5%    0%        0",
    ]
    assert err(deps) == "3 replicas: 1 forced_open, 1 open, 2 closed\n"


def test_the_table_fits_80_columns(tmp_path: Path, http: FakeHttp) -> None:
    long = CLOSED | {"name": "tool:a-very-long-host-name.of-some-department.example.org", "calls": 123456}
    http.answer(CHAT, "/admin/breakers", {"breakers": [long]})
    deps = deps_for(tmp_path, http, width=80, terminal=True)
    list_command.run(list_command.Options(), deps)
    lines = out(deps).splitlines()
    assert max(map(len, lines)) <= 80
    assert any("tool:a-very-l" in line and "…" in line for line in lines)


@pytest.mark.parametrize(
    ("opts", "names"),
    [
        (list_command.Options(service="chat"), ["hop:rag"]),
        (list_command.Options(states=(list_command.State.OPEN,)), ["llm:azure"]),
        (
            list_command.Options("llm-gateway", (list_command.State.OPEN, list_command.State.FORCED_OPEN)),
            ["llm:openai", "llm:azure"],
        ),
    ],
)
def test_list_filters(tmp_path: Path, http: FakeHttp, opts: list_command.Options, names: list[str]) -> None:
    deps = deps_for(tmp_path, http, json_output=True)
    list_command.run(opts, deps)
    assert [row["name"] for row in published(out(deps))["breakers"]] == names


def test_a_replica_that_does_not_answer_is_named_and_the_exit_code_is_1(
    tmp_path: Path, http: FakeHttp
) -> None:
    del http.replies[LLM1, "/admin/breakers"]
    deps = deps_for(tmp_path, http, json_output=True)
    assert list_command.run(list_command.Options(), deps) == ExitCode.NO
    body = published(out(deps))
    assert len(body["breakers"]) == 2
    assert [(row["service"], row["replica"]) for row in body["unreached"]] == [("llm-gateway", 1)]
    assert "llm-gateway-1 is missing: " in err(deps)


def test_ci_gets_a_summary_and_annotations(tmp_path: Path, http: FakeHttp) -> None:
    summary = tmp_path / "summary.md"
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    deps = deps_for(tmp_path, http, environ=environ)
    list_command.run(list_command.Options(), deps)
    assert "### wattos breaker list: 2 not closed" in summary.read_text()
    assert "::warning title=llm%3Aopenai is forced_open in llm-gateway-0::drill (ann@box, 29s left)" in err(
        deps
    )


def test_show_tells_state_rules_and_changes(tmp_path: Path, http: FakeHttp) -> None:
    shown = {"breaker": TRIPPED, "settings": SETTINGS, "events": [CHANGE]}
    path = "/admin/breakers/llm:openai"
    http.answer(CHAT, path, unknown("llm:openai", "hop:rag"), 404)
    http.answer(LLM, path, shown)
    http.answer(LLM1, path, {**shown, "settings": SETTINGS | {"slow_call_s": 2.5, "half_open_permits": 3}})
    deps = deps_for(tmp_path, http)
    assert show.run(show.Options("llm:openai"), deps) == ExitCode.OK
    text = out(deps)
    assert "after 5 failures in a row, or when in the last 1m00s" in text
    assert "50% failed (slow calls do not count)" in text
    assert "50% failed (100% slower than 2.5 s)" in text
    assert "then 3 calls probe; each failed probe" in text
    assert "18:00:00.000Z llm-gateway-0 llm:openai      closed -> forced_open  drill (ann@box)" in text
    deps = deps_for(tmp_path, http, json_output=True)
    show.run(show.Options("llm:openai"), deps)
    assert [row["replica"] for row in published(out(deps))["replicas"]] == [0, 1]


def test_show_of_an_unknown_breaker_suggests_a_near_one(tmp_path: Path, http: FakeHttp) -> None:
    for address, known in ((CHAT, "hop:rag"), (LLM, "llm:openai"), (LLM1, "llm:openai")):
        http.answer(address, "/admin/breakers/llm:opnai", unknown("llm:opnai", known), 404)
    deps = deps_for(tmp_path, http)
    with pytest.raises(WattosError, match=r"no circuit breaker 'llm:opnai'\. Did you mean") as caught:
        show.run(show.Options("llm:opnai"), deps)
    assert caught.value.exit_code == ExitCode.USAGE


def test_list_of_nothing_running_is_exit_4(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="not running") as caught:
        list_command.run(list_command.Options(), make_deps(cwd=tmp_path))
    assert caught.value.exit_code == ExitCode.UNREACHABLE
