"""`wattos ingest` against an API in memory."""

import io
import os
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.documents_api import Api, connected
from tests.fakes.cli.schemas import published
from wattos_cli.clients.ingestion import documents
from wattos_cli.commands import ingest
from wattos_cli.errors import ExitCode, WattosError


@pytest.fixture
def api() -> Api:
    return Api()


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


class Log(io.StringIO):
    """Text that knows when it was written."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.now, self.moments = now, [now()]

    def write(self, text: str) -> int:
        self.moments.append(self.now())
        return super().write(text)


def test_a_log_is_never_silent_for_longer_than_ten_seconds(api: Api, folder: Path) -> None:
    api.outcomes["docs/a.md"] = [{"status": "queued"}] * 60 + [{"status": "failed", "error": "encrypted"}]
    deps = connected(api, folder)
    deps.console.stderr = log = Log(deps.monotonic)
    ingest.run(ingest.Options((Path("docs"),)), deps)
    *told, _ = err(deps).splitlines()
    assert max(later - earlier for earlier, later in pairwise(log.moments)) <= 10
    assert set(told) == {"0 of 3 documents are done"}
    assert len(told) < 16, "and hears it now and then"


def test_a_log_hears_how_many_have_failed(api: Api, folder: Path) -> None:
    api.outcomes["docs/a.md"] = [{"refuse": True}]
    api.outcomes["docs/b.PDF"] = [{"status": "queued"}] * 12
    api.outcomes["docs/b.PDF"].append({"status": "ready", "chunks": 3})
    deps = connected(api, folder)
    ingest.run(ingest.Options((Path("docs"),)), deps)
    assert err(deps).splitlines()[:-1] == ["1 of 3 documents are done, 1 of them failed"]


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


def test_an_empty_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WattosError, match="one of the paths is empty"):
        ingest.command()(make_deps(cwd=tmp_path), paths=["docs", ""])
