"""`wattos ingest` and `wattos ask` against an API in memory."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.cli.deps import Terminal, err, make_deps, out
from tests.fakes.cli.http import gateway_over
from tests.fakes.cli.schemas import published
from wattos_cli.clients.ingestion import documents
from wattos_cli.commands import ask, ingest
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError

ENVIRON = {"WATTOS_TOKEN": "wk_test", "WATTOS_GATEWAY_URL": "http://gateway.test"}
CITATION = {
    "document": "codes.md",
    "document_id": "d1",
    "start": 5,
    "end": 40,
    "score": 0.9,
    "text": "4 means:\nnot running",
}
ANSWER = {"id": "m1", "content": "Exit code 4.\nSee [1].", "model": "wattos-extractive",
          "citations": [CITATION], "degraded": [], "usage": {"total_tokens": 3}}  # fmt: skip
LOGS = "wattos logs chat llm-gateway --level warning"
HEADERS = {"x-request-id": "r1", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
SSE = (
    'event: delta\ndata: {"content": "Exit "}\n\n: keep-alive\n\n'
    'event: delta\ndata: {"content": "code 4.\\n\\u001b[31m"}\n\n'
    f"event: citation\ndata: {json.dumps(CITATION)}\n\n"
    f"event: done\ndata: {json.dumps(ANSWER)}\n\n"
)


class Api:
    """The part of the platform that the two commands use."""

    def __init__(self) -> None:
        self.spaces: dict[str, str] = {}
        self.rag_is_up = True
        self.conversations: list[dict[str, Any]] = []
        self.documents: dict[str, list[dict[str, Any]]] = {}
        self.uploads: list[str] = []
        self.limited = 0
        self.cut_at = ""
        self.messages: list[dict[str, Any]] = []
        self.message: Callable[[], httpx.Response] = lambda: httpx.Response(200, json=ANSWER, headers=HEADERS)
        self.outcomes: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer wk_test"
        path = request.url.path
        if path == "/api/v1/knowledge-spaces":
            return (
                self._space(request)
                if self.rag_is_up
                else httpx.Response(503, json={"message": "rag is away"})
            )
        if path.endswith("/documents"):
            return self._upload(request)
        if path.startswith("/api/v1/documents/"):
            return httpx.Response(200, json=self.documents[path.rpartition("/")[2]].pop(0))
        if path == "/api/v1/conversations":
            self.conversations.append(json.loads(request.content))
            return httpx.Response(201, json={"id": "c1"})
        self.messages.append(json.loads(request.content))
        return self.message()

    def _space(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            items = [{"name": name, "id": id_} for name, id_ in self.spaces.items()]
            return httpx.Response(200, json={"items": items})
        name = json.loads(request.content)["name"]
        self.spaces[name] = f"s-{name}"
        return httpx.Response(201, json={"id": f"s-{name}", "name": name})

    def _upload(self, request: httpx.Request) -> httpx.Response:
        if self.limited:
            self.limited -= 1
            return httpx.Response(429, headers={"retry-after": "7"}, json={"message": "slow down"})
        body = request.read().decode()
        name = body.split('filename="')[1].split('"')[0]
        if name == self.cut_at:
            raise httpx.ConnectError("refused")
        self.uploads.append(name)
        steps = self.outcomes.get(
            name, [{"status": "queued"}, {"status": "processing"}, {"status": "ready", "chunks": 3}]
        )
        if "refuse" in steps[0]:
            return httpx.Response(413, json={"code": "too_large", "message": "larger than 50 MB"})
        documents = [
            {"id": name.replace("/", "-"), "name": name, "chunks": 0, "error": None, **step} for step in steps
        ]
        self.documents[name.replace("/", "-")] = documents[1:]
        return httpx.Response(202, json=documents[0])


@pytest.fixture
def api() -> Api:
    return Api()


def connected(api: Api, cwd: Path, **options: Any) -> Deps:
    deps = make_deps(cwd=cwd, environ=ENVIRON, **options)
    deps.gateway = gateway_over(api, deps)
    return deps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("docs/a.md", "docs/sub/a.md", "docs/b.PDF", "docs/.hidden/c.md", "docs/.d.md", "docs/e.exe"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_folders_are_walked_and_all_documents_become_ready(api: Api, folder: Path) -> None:
    deps = connected(api, folder)
    assert ingest.run(ingest.Options((Path("docs"),)), deps) == ExitCode.OK
    assert api.uploads == ["docs/a.md", "docs/b.PDF", "docs/sub/a.md"]
    assert api.spaces == {"default": "s-default"}
    assert [line.split()[:3] for line in out(deps).splitlines()[1:]] == [
        ["docs/a.md", "ready", "3"],
        ["docs/b.PDF", "ready", "3"],
        ["docs/sub/a.md", "ready", "3"],
    ]


def test_a_link_out_of_the_folder_is_passed_over_unless_it_is_named(tmp_path: Path) -> None:
    outside, folder = tmp_path / "private.txt", tmp_path / "shared"
    folder.mkdir()
    outside.write_text("private")
    (folder / "a.txt").write_text("a")
    (folder / "inside.txt").symlink_to("a.txt")
    (folder / "outside.txt").symlink_to(outside)
    (folder / "gone.txt").symlink_to("nowhere.txt")
    found = [upload.path.name for upload in documents([folder], tmp_path, tmp_path)]
    assert found == ["a.txt"], "and what is linked twice is uploaded once"
    named = documents([folder / "outside.txt"], tmp_path, tmp_path)
    assert [upload.path.name for upload in named] == ["outside.txt"]


def test_one_failure_is_told_and_is_exit_1(api: Api, folder: Path) -> None:
    api.outcomes["docs/b.PDF"] = [{"status": "queued"}, {"status": "failed", "error": "encrypted"}]
    api.outcomes["docs/a.md"] = [{"refuse": True}]
    deps = connected(api, folder, json_output=True)
    assert ingest.run(ingest.Options((Path("docs"),)), deps) == ExitCode.NO
    rows = published(out(deps))["documents"]
    assert [(row["status"], row["error"]) for row in rows] == [
        ("failed", "larger than 50 MB"),
        ("failed", "encrypted"),
        ("ready", None),
    ]


@pytest.mark.parametrize("animate", [True, False], ids=["terminal", "pipe"])
def test_every_document_is_named_once(api: Api, folder: Path, *, animate: bool) -> None:
    deps = connected(api, folder)
    deps.console.animate = animate
    ingest.run(ingest.Options((Path("docs"),)), deps)
    told = out(deps) + err(deps)
    assert {name: told.count(name) for name in api.uploads} == dict.fromkeys(api.uploads, 1)


def test_a_log_hears_now_and_then_how_far_it_is(api: Api, folder: Path) -> None:
    api.outcomes["docs/b.PDF"] = [{"status": "queued"}] * 12 + [{"status": "failed", "error": "encrypted"}]
    deps = connected(api, folder)
    ingest.run(ingest.Options((Path("docs"),)), deps)
    assert err(deps).splitlines()[:-1] == ["2 of 3 documents are done, 1 of them failed"]


def test_what_became_of_each_is_told_when_the_platform_is_gone_midway(api: Api, folder: Path) -> None:
    api.outcomes["docs/a.md"] = [{"status": "ready", "chunks": 2}]
    deps = connected(api, folder)
    api.cut_at = "docs/b.PDF"
    with pytest.raises(WattosError) as caught:
        ingest.run(ingest.Options((Path("docs"),)), deps)
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert [line.split()[:2] for line in out(deps).splitlines()[1:]] == [
        ["docs/a.md", "ready"],
        ["docs/b.PDF", "waiting"],
        ["docs/sub/a.md", "waiting"],
    ]


def test_unchanged_document_is_said_to_be_unchanged(api: Api, folder: Path) -> None:
    api.outcomes["docs/a.md"] = [{"status": "ready", "unchanged": True, "chunks": 2}]
    deps = connected(api, folder)
    ingest.run(ingest.Options((Path("docs/a.md"),)), deps)
    assert out(deps).splitlines()[1].split() == ["docs/a.md", "unchanged", "2"]


def test_retry_after_is_obeyed(api: Api, folder: Path) -> None:
    api.limited = 2
    deps = connected(api, folder)
    begin = deps.monotonic()
    assert ingest.run(ingest.Options((Path("docs/a.md"),)), deps) == ExitCode.OK
    assert deps.monotonic() - begin >= 14
    assert err(deps).count("asks to wait 7 s") == 1, "said once, however often it waits"


def test_timeout_names_the_state(api: Api, folder: Path) -> None:
    api.outcomes["docs/a.md"] = [{"status": "queued"}] * 100
    deps = connected(api, folder)
    assert ingest.run(ingest.Options((Path("docs/a.md"),), timeout_s=5), deps) == ExitCode.NO
    assert "not ready within 5 s (was queued)" in out(deps)


@pytest.mark.parametrize(
    ("paths", "code"), [((Path("nope"),), "no_such_file"), ((Path("docs/.hidden/../.hidden"),), "")]
)
def test_nothing_to_upload(api: Api, folder: Path, paths: tuple[Path, ...], code: str) -> None:
    deps = connected(api, folder)
    if not code:
        assert ingest.run(ingest.Options(paths), deps) == ExitCode.OK
        return
    with pytest.raises(WattosError) as caught:
        ingest.run(ingest.Options(paths), deps)
    assert (caught.value.code, caught.value.exit_code) == (code, ExitCode.USAGE)


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


def test_gateway_away_is_exit_4(api: Api, tmp_path: Path) -> None:
    def refuse() -> httpx.Response:
        raise httpx.ConnectError("refused")

    api.message = refuse
    with pytest.raises(WattosError) as caught:
        ask.run(ask.Options("What?"), connected(api, tmp_path))
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.UNREACHABLE, "gateway_unreachable")


def test_a_pipe_is_no_document(api: Api, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(WattosError, match="neither a file nor a folder") as caught:
        ingest.run(ingest.Options((Path("pipe.txt"),)), connected(api, tmp_path))
    assert caught.value.exit_code == ExitCode.USAGE


def test_when_all_fail_no_others_are_promised(api: Api, folder: Path) -> None:
    api.outcomes["docs/a.md"] = [{"refuse": True}]
    deps = connected(api, folder)
    assert ingest.run(ingest.Options((Path("docs/a.md"),)), deps) == ExitCode.NO
    assert "1 of 1 failed" in err(deps)
    assert "the others" not in err(deps)


def test_an_empty_path_and_an_unquoted_question_as_typed(tmp_path: Path) -> None:
    seen: list[ask.Options] = []

    def note(opts: ask.Options, _: object) -> ExitCode:
        seen.append(opts)
        return ExitCode.OK

    ask.command(run=note)(make_deps(cwd=tmp_path), text=["Who", "signs", "it"])
    assert seen[0].text == "Who signs it"
    with pytest.raises(WattosError, match="one of the paths is empty"):
        ingest.command()(make_deps(cwd=tmp_path), paths=["docs", ""])
