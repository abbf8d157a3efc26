"""`wattos ask` against an API in memory."""

import json
from pathlib import Path

import httpx
import pytest

from tests.fakes.cli.deps import Terminal, err, make_deps, out
from tests.fakes.cli.documents_api import ANSWER, CITATION, ENVIRON, HEADERS, Api, connected
from tests.fakes.cli.schemas import published
from wattos_cli.commands import ask
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError

LOGS = "wattos logs chat llm-gateway --level warning"
SSE = (
    'event: delta\ndata: {"content": "Exit "}\n\n: keep-alive\n\n'
    'event: delta\ndata: {"content": "code 4.\\n\\u001b[31m"}\n\n'
    f"event: citation\ndata: {json.dumps(CITATION)}\n\n"
    f"event: done\ndata: {json.dumps(ANSWER)}\n\n"
)


@pytest.fixture
def api() -> Api:
    return Api()


def test_ask_prints_answer_and_numbered_citations(api: Api, tmp_path: Path) -> None:
    deps = connected(api, tmp_path)
    assert ask.run(ask.Options("What does 4 mean?"), deps) == ExitCode.OK
    assert out(deps) == (
        "Exit code 4.\nSee [1].\n\n[1] codes.md  characters 5-40\n    4 means: not running\n"
    )
    assert f"model: wattos-extractive\ntrace: wattos logs --trace {'a' * 32}" in err(deps)


def test_ask_json(api: Api, tmp_path: Path) -> None:
    deps = connected(api, tmp_path, json_output=True)
    ask.run(ask.Options("What?", model="fast"), deps)
    assert published(out(deps)) == {
        "schema": "wattos.ask/v1",
        "answer": ANSWER["content"],
        "model": "wattos-extractive",
        "citations": [CITATION],
        "degraded": [],
        "usage": {"total_tokens": 3},
        "request_id": "r1",
        "trace_id": "a" * 32,
    }
    assert api.messages == [{"content": "What?", "model": "fast"}]


def streaming(api: Api, cwd: Path, text: str) -> Deps:
    api.message = lambda: httpx.Response(200, text=text, headers=HEADERS)
    deps = connected(api, cwd)
    deps.console.animate = True
    deps.console.stdout = Terminal()
    return deps


def test_ask_streams_on_a_terminal_without_control_characters(api: Api, tmp_path: Path) -> None:
    deps = streaming(api, tmp_path, SSE)
    ask.run(ask.Options("What?"), deps)
    assert out(deps).startswith("Exit code 4.\n\\x1b[31m\n\n[1] codes.md")
    assert api.messages[0]["stream"] is True


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        (
            'event: error\ndata: {"code": "upstream_truncated", "message": "cut"}\n\n',
            "upstream_truncated",
            LOGS,
        ),
        ('event: error\ndata: {"code": "cut", "requestId": "r7"}\n\n', "cut", "wattos logs --request r7"),
        ('event: delta\ndata: {"content": "Exi"}\n\n', "answer_truncated", LOGS),
    ],
)
def test_broken_stream_is_told(api: Api, tmp_path: Path, text: str, code: str, hint: str) -> None:
    with pytest.raises(WattosError) as caught:
        ask.run(ask.Options("What?"), streaming(api, tmp_path, text))
    assert (caught.value.code, caught.value.hint) == (code, hint)


def test_without_rag_it_is_asked_without_documents_and_says_so(api: Api, tmp_path: Path) -> None:
    api.rag_is_up = False
    deps = connected(api, tmp_path)
    assert ask.run(ask.Options("What?"), deps) is ExitCode.OK
    assert api.conversations == [{}]
    told = deps.console.stderr.getvalue()
    assert "asked without documents: rag is away" in told
    assert "degraded: rag" in told


def test_a_space_that_was_named_is_not_done_without(api: Api, tmp_path: Path) -> None:
    api.rag_is_up = False
    with pytest.raises(WattosError) as caught:
        ask.run(ask.Options("What?", space="legal"), connected(api, tmp_path))
    assert caught.value.exit_code is ExitCode.UNREACHABLE


def test_unknown_space_is_told_with_a_suggestion(api: Api, tmp_path: Path) -> None:
    api.spaces["legal"] = "s1"
    with pytest.raises(WattosError) as caught:
        ask.run(ask.Options("What?", space="legla"), connected(api, tmp_path))
    assert "Did you mean 'legal'?" in caught.value.message


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [
        (401, ExitCode.UNREACHABLE),
        (403, ExitCode.UNREACHABLE),
        (503, ExitCode.UNREACHABLE),
        (422, ExitCode.NO),
    ],
)
def test_refusal_becomes_an_exit_code(api: Api, tmp_path: Path, status: int, exit_code: ExitCode) -> None:
    body = {"code": "x", "message": "because", "requestId": "r9"}
    api.message = lambda: httpx.Response(status, json=body)
    with pytest.raises(WattosError) as caught:
        ask.run(ask.Options("What?"), connected(api, tmp_path))
    assert (caught.value.exit_code, caught.value.message) == (exit_code, "because")
    assert caught.value.details["request_id"] == "r9"


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"content": 1'])
def test_another_program_at_the_address_is_exit_4(api: Api, tmp_path: Path, body: str) -> None:
    api.message = lambda: httpx.Response(200, text=body)
    with pytest.raises(WattosError) as caught:
        ask.run(ask.Options("What?"), connected(api, tmp_path))
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "unexpected_answer")


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({"WATTOS_GATEWAY_URL": "localhost:3001"}, "gateway_url_invalid"),
        ({"WATTOS_GATEWAY_URL": "http://[::1"}, "gateway_url_invalid"),
        ({"WATTOS_TOKEN": "wk_a\r\nX-Admin: 1"}, "token_invalid"),
        ({"WATTOS_TOKEN": "   "}, "token_invalid"),
        ({"WATTOS_TOKEN": "", "WATTOS_TOKEN_FILE": "/no/such/file"}, "token_file_unreadable"),
    ],
)
def test_wrong_environment_is_exit_3(api: Api, tmp_path: Path, environ: dict[str, str], code: str) -> None:
    deps = connected(api, tmp_path)
    deps.environ = {**ENVIRON, **environ}
    with pytest.raises(WattosError) as caught:
        ask.run(ask.Options("What?"), deps)
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.CONFIG, code)
    assert "X-Admin" not in caught.value.message


def test_the_file_of_a_token_is_read_whole_or_refused(api: Api, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wk_test".ljust(65_536))
    deps = connected(api, tmp_path)
    deps.environ = {**ENVIRON, "WATTOS_TOKEN": "", "WATTOS_TOKEN_FILE": str(tmp_path / "token")}
    assert ask.run(ask.Options("What?"), deps) == ExitCode.OK
    (tmp_path / "token").write_text("wk_test".ljust(65_537))
    with pytest.raises(WattosError, match="token: it is larger than 65536 bytes") as caught:
        ask.run(ask.Options("What?"), deps)
    assert caught.value.exit_code == ExitCode.CONFIG


def test_gateway_away_is_exit_4(api: Api, tmp_path: Path) -> None:
    def refuse() -> httpx.Response:
        raise httpx.ConnectError("refused")

    api.message = refuse
    with pytest.raises(WattosError) as caught:
        ask.run(ask.Options("What?"), connected(api, tmp_path))
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "gateway_unreachable")


def test_an_unquoted_question_is_asked_as_typed(tmp_path: Path) -> None:
    seen: list[ask.Options] = []

    def note(opts: ask.Options, _: object) -> ExitCode:
        seen.append(opts)
        return ExitCode.OK

    ask.command(run=note)(make_deps(cwd=tmp_path), text=["Who", "signs", "it"])
    assert seen[0].text == "Who signs it"
