"""`wattos config reload`: what is handed to the supervisor, who is asked, what is told."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import err, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from tests.fakes.project.control_socket import FakeSupervisor, supervised
from wattos_cli.commands.config.reload import Options, run
from wattos_cli.deps import Deps, NoReplyError, Reply
from wattos_cli.errors import ExitCode, WattosError

LIMITED = "[limits]\ntenant.tokens_per_minute = 1000\n"
ROWS = (
    {"name": "gateway", "pid": 11},
    {"name": "llm-gateway", "pid": 12},
    {"name": "llm-gateway", "pid": 13, "replica": 1, "ops_socket": "/run/llm-gateway-1.sock"},
    {"name": "chat", "pid": 14},
)
GATEWAY, FIRST, SECOND = (f"unix:/run/{name}.sock" for name in ("gateway", "llm-gateway", "llm-gateway-1"))
PATH = "/admin/reload"


@pytest.fixture
def socket() -> Iterator[Path]:
    """A path that is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="wx", dir="/tmp") as folder:
        yield Path(folder) / "control.sock"


@pytest.fixture
def supervisor() -> FakeSupervisor:
    return FakeSupervisor()


@pytest.fixture
def platform(tmp_path: Path, socket: Path, supervisor: FakeSupervisor) -> Iterator[Path]:
    """A project in which a platform runs that has not read its wattos.toml yet."""
    write_running(tmp_path, *ROWS)
    (tmp_path / "wattos.toml").write_text(LIMITED)
    with supervised(tmp_path, socket, supervisor):
        yield tmp_path


@pytest.fixture
def http() -> FakeHttp:
    http = FakeHttp()
    http.answer(GATEWAY, PATH, {"changed": [], "problems": []})
    for address in (FIRST, SECOND):
        http.answer(address, PATH, {"changed": ["limits"], "problems": []})
    return http


def reload(root: Path, http: FakeHttp, **options: Any) -> tuple[ExitCode, Deps]:
    deps = make_deps(cwd=root, http=http, **options)
    return run(Options(), deps), deps


def reload_json(root: Path, http: FakeHttp, **options: Any) -> tuple[ExitCode, Any]:
    code, deps = reload(root, http, json_output=True, **options)
    return code, published(out(deps))


def asked(http: FakeHttp) -> list[str]:
    return sorted(address for _, address, _, _, _ in http.requests)


def test_every_replica_that_reads_tables_is_told_after_the_supervisor(
    platform: Path, http: FakeHttp, supervisor: FakeSupervisor
) -> None:
    code, deps = reload(platform, http)
    assert code == ExitCode.OK
    assert out(deps).split("\n") == [
        "SERVICE      REPLICA  STATUS     CHANGED",
        "gateway      0        unchanged  -",
        "llm-gateway  0        reloaded   limits",
        "llm-gateway  1        reloaded   limits",
        "",
    ]
    assert asked(http) == sorted([GATEWAY, FIRST, SECOND])
    assert {(method, headers["Authorization"]) for method, _, _, _, headers in http.requests} == {
        ("POST", "Bearer op-token")
    }
    assert supervisor.in_force["service_config"]["limits"] == {"tenant": {"tokens_per_minute": 1000}}


def test_who_has_read_it_is_confirmed_under_its_digests(
    platform: Path, http: FakeHttp, supervisor: FakeSupervisor
) -> None:
    http.replies[SECOND, PATH] = NoReplyError("connection refused")
    code, body = reload_json(platform, http)
    assert (code, [row["status"] for row in body["services"]]) == (
        1,
        ["unchanged", "reloaded", "unreachable"],
    )
    (confirmed,) = supervisor.confirmed
    assert confirmed["replicas"] == {"gateway": [0], "llm-gateway": [0]}
    assert confirmed["digests"] == supervisor.in_force["digests"]


def test_one_that_does_not_answer_is_named_with_what_to_do(platform: Path, http: FakeHttp) -> None:
    http.replies[SECOND, PATH] = NoReplyError("connection refused")
    code, deps = reload(platform, http)
    assert code == ExitCode.NO
    assert "llm-gateway-1: llm-gateway does not answer" in err(deps)
    assert "until: wattos restart llm-gateway" in err(deps)


def test_a_refusal_is_taken_back_everywhere(
    platform: Path, http: FakeHttp, supervisor: FakeSupervisor
) -> None:
    before = supervisor.in_force
    reason = "The old configuration stays in force: llm.prices: no such file"
    http.answer(SECOND, PATH, {"code": "configuration_invalid", "message": reason}, 422)
    code, deps = reload(platform, http)
    assert code == ExitCode.NO
    assert f"llm-gateway-1: {reason}" in err(deps)
    assert "llm-gateway  0        taken back" in out(deps)
    assert "wattos config reload" in err(deps)
    assert asked(http) == sorted([GATEWAY, FIRST, FIRST, SECOND]), "who had taken it reads the old one again"
    assert supervisor.in_force == before
    assert supervisor.confirmed == []


def test_a_mistake_in_the_file_changes_nothing(
    platform: Path, http: FakeHttp, supervisor: FakeSupervisor
) -> None:
    (platform / "wattos.toml").write_text(LIMITED.replace("tokens", "token"))
    with pytest.raises(WattosError, match=r"wattos.toml:2:1: .* Did you mean 'tokens_per_minute'") as caught:
        reload(platform, http)
    assert caught.value.exit_code == ExitCode.CONFIG
    assert (supervisor.handed, http.requests) == ([], [])


def test_nothing_runs(tmp_path: Path, http: FakeHttp) -> None:
    with pytest.raises(WattosError) as caught:
        reload(tmp_path, http)
    assert caught.value.exit_code == ExitCode.UNREACHABLE


def test_one_without_a_process_reads_it_when_it_starts(tmp_path: Path, socket: Path, http: FakeHttp) -> None:
    write_running(tmp_path, {"name": "llm-gateway", "state": "backoff", "pid": None})
    supervisor = FakeSupervisor()
    with supervised(tmp_path, socket, supervisor):
        code, body = reload_json(tmp_path, http)
    assert (code, body["services"][0]["status"], http.requests) == (0, "at_next_start", [])
    assert supervisor.confirmed[0]["replicas"] == {}, "its digests are those of its next start"


def test_beside_the_simulator_providers_stay_the_simulator(
    tmp_path: Path, socket: Path, http: FakeHttp
) -> None:
    write_running(tmp_path, *ROWS, {"name": "simulator", "pid": 15})
    (tmp_path / "wattos.toml").write_text('[llm]\nproviders = ["openai", "anthropic"]\n')
    supervisor = FakeSupervisor()
    with supervised(tmp_path, socket, supervisor):
        reload(tmp_path, http)
    provider = supervisor.in_force["service_config"]["llm"]["provider"]
    assert {name: given["base_url"] for name, given in provider.items()} == {
        "openai": "http://127.0.0.1:3095/v1",
        "anthropic": "http://127.0.0.1:3095",
    }


def test_a_simulator_that_does_not_run_is_not_pointed_at(
    platform: Path, http: FakeHttp, supervisor: FakeSupervisor
) -> None:
    (platform / "wattos.toml").write_text('[up]\nwith = ["simulator"]\n[llm]\nproviders = ["openai"]\n')
    _, body = reload_json(platform, http)
    assert supervisor.in_force["service_config"]["llm"]["provider"] == {}
    assert {"name": "simulator", "reasons": ["up.with, does not run"], "remedy": "wattos up --recreate"} in (
        body["not_reloaded"]
    )


@pytest.mark.parametrize(
    ("above", "environ", "expected"),
    [
        pytest.param({"flags": {"llm.providers": ["ollama"]}}, {}, ["ollama"], id="flag-of-up"),
        pytest.param({"environ": {"WATTOS_LLM_PROVIDERS": "ollama"}}, {}, ["ollama"], id="variable-of-up"),
        pytest.param(
            {"environ": {"WATTOS_LLM_PROVIDERS": "ollama"}},
            {"WATTOS_LLM_PROVIDERS": "google"},
            ["google"],
            id="variable-of-now",
        ),
        pytest.param({}, {}, ["openai"], id="file"),
    ],
)
def test_what_stood_above_the_file_at_up_still_does(
    tmp_path: Path, socket: Path, *, above: Any, environ: dict[str, str], expected: list[str]
) -> None:
    write_running(tmp_path, *ROWS)
    (tmp_path / "wattos.toml").write_text('[llm]\nproviders = ["openai"]\n')
    supervisor = FakeSupervisor(above)
    with supervised(tmp_path, socket, supervisor):
        reload(tmp_path, FakeHttp(), environ=environ)
    assert supervisor.in_force["service_config"]["llm"]["providers"] == expected


def test_providers_of_the_file_that_stand_beneath_are_named(tmp_path: Path, socket: Path) -> None:
    write_running(tmp_path, {"name": "chat", "pid": 14})
    (tmp_path / "wattos.toml").write_text('[llm]\nproviders = ["openai"]\n')
    with supervised(tmp_path, socket, FakeSupervisor({"flags": {"llm.providers": ["ollama"]}})):
        _, body = reload_json(tmp_path, FakeHttp())
    assert body["not_reloaded"] == [
        {
            "name": "llm-gateway",
            "reasons": ["llm.providers of the file, beneath --provider of the last up"],
            "remedy": "wattos up --recreate",
        }
    ]


def test_what_needs_a_new_process_is_named_once(tmp_path: Path, socket: Path, http: FakeHttp) -> None:
    write_running(tmp_path, *ROWS)
    outdated = {"chat": ["LOG_LEVEL", "port"], "gateway": ["LOG_LEVEL"], "llm-gateway": ["LOG_LEVEL"]}
    with supervised(tmp_path, socket, FakeSupervisor(outdated=outdated)):
        code, deps = reload(tmp_path, http)
    assert code == ExitCode.OK
    assert err(deps).splitlines() == [
        "not reloaded: chat (LOG_LEVEL, port). To apply it: wattos up --recreate",
        "not reloaded: gateway, llm-gateway (LOG_LEVEL). To apply it: wattos up --recreate",
    ]


def test_a_provider_whose_key_the_process_lacks_needs_a_new_one(platform: Path, http: FakeHttp) -> None:
    problem = "provider openai: it has no key: set OPENAI_API_KEY"
    for address in (FIRST, SECOND):
        http.answer(address, PATH, {"changed": ["providers"], "problems": [problem]})
    code, deps = reload(platform, http)
    assert code == ExitCode.OK
    assert err(deps) == (
        f"not reloaded: llm-gateway ({problem}; a running process takes up no new variable). "
        "To apply it: wattos up --recreate\n"
    )


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        pytest.param(
            '[services.shop]\ncommand = ["shop"]\n',
            {"name": "shop", "reasons": ["does not run"], "remedy": "wattos up shop"},
            id="own-service",
        ),
        pytest.param(
            "[services.chat]\nenabled = false\n",
            {
                "name": "chat",
                "reasons": ["runs, but wattos.toml wants it no more"],
                "remedy": "wattos down chat",
            },
            id="disabled",
        ),
        pytest.param(
            "[scale]\nllm-gateway = 3\n",
            {"name": "llm-gateway", "reasons": ["scale: 3, 2 run"], "remedy": "wattos up"},
            id="scale",
        ),
        pytest.param(
            '[up]\nstart = "exec"\n',
            {"name": "supervisor", "reasons": ["up.start"], "remedy": "wattos down && wattos up"},
            id="start",
        ),
    ],
)
def test_what_another_command_applies_is_named_with_it(
    platform: Path, http: FakeHttp, toml: str, expected: dict[str, Any]
) -> None:
    services = platform / ".wattos/run/services.json"
    services.write_text(json.dumps({**json.loads(services.read_text()), "fork_servers": [10]}))
    (platform / "wattos.toml").write_text(toml)
    code, body = reload_json(platform, http)
    assert (code, body["not_reloaded"]) == (0, [expected])


PROMETHEUS = {"name": "prometheus", "pid": 15, "kind": "component", "url": "http://127.0.0.1:9"}
READ_AT = "# TYPE x gauge\nprometheus_config_last_reload_success_timestamp_seconds {}\n"


@pytest.mark.parametrize(
    ("told", "read_at", "expected"),
    [
        pytest.param((), "0", (0, []), id="nothing-new-for-it"),
        pytest.param(("prometheus",), "1.7e+09", (0, ["reloaded"]), id="has-read-them"),
        pytest.param(("prometheus",), "12.5", (1, ["not_taken"]), id="refuses-them"),
        pytest.param(("prometheus",), None, (1, ["not_taken"]), id="does-not-answer"),
    ],
)
def test_a_component_that_is_told_to_read_its_files_again_says_whether_it_has(
    tmp_path: Path, socket: Path, told: tuple[str, ...], read_at: str | None, expected: tuple[int, list[str]]
) -> None:
    http = FakeHttp()
    write_running(tmp_path, PROMETHEUS)
    if read_at is not None:
        http.replies[PROMETHEUS["url"], "/metrics"] = Reply(200, {}, READ_AT.format(read_at).encode())
    with supervised(tmp_path, socket, FakeSupervisor(reread=told)):
        code, body = reload_json(tmp_path, http)
    rows = body["services"]
    assert (code, [row["status"] for row in rows]) == expected
    assert all(("wattos logs prometheus" in (row["error"] or "")) is bool(code) for row in rows)
