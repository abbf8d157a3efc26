"""Pipes given as files: with another end they are read and written, without one they end in an error."""

import os
import resource
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.cli.deps import err, make_deps
from wattos_cli.alerting.slo import load_slos
from wattos_cli.clients.credentials import token_from
from wattos_cli.config import load
from wattos_cli.drills.files.catalogue import drills_called
from wattos_cli.errors import ExitCode, WattosError, usage
from wattos_cli.loadtest.result import reading
from wattos_cli.named_files import open_to_write, read, require_writable, write
from wattos_cli.reports import add_to_summary, write_report

PATIENCE_S = 0.02
AMPLE_S = 60.0


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.fixture
def other_end() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_what_somebody_writes_is_read_to_its_end(pipe: Path, other_end: ThreadPoolExecutor) -> None:
    content = os.urandom(300_000)
    other_end.submit(pipe.write_bytes, content)
    assert read(pipe, 1_000_000, patience_s=AMPLE_S) == content


def test_no_more_is_read_than_is_wanted(pipe: Path, other_end: ThreadPoolExecutor) -> None:
    writing = other_end.submit(pipe.write_bytes, b"x" * 300_000)
    assert read(pipe, 10, patience_s=AMPLE_S) == b"x" * 10
    with pytest.raises(BrokenPipeError):
        writing.result(AMPLE_S)


def test_a_writer_that_is_there_may_take_its_time(pipe: Path, other_end: ThreadPoolExecutor) -> None:
    # What was written stays in the pipe for a reader who comes last, as long as anybody has it open to read.
    kept = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    descriptor = os.open(pipe, os.O_WRONLY)  # a writer that has opened it, and nothing more

    def write_late() -> None:
        threading.Event().wait(5 * PATIENCE_S)
        os.write(descriptor, b"late")
        os.close(descriptor)

    other_end.submit(write_late)
    assert read(pipe, 100, patience_s=PATIENCE_S) == b"late"
    os.close(kept)


def test_a_process_substitution_whose_command_has_ended_is_read() -> None:
    reading_end, writing_end = os.pipe()
    os.write(writing_end, b"all of it")
    os.close(writing_end)
    assert read(Path(f"/dev/fd/{reading_end}"), 100, patience_s=AMPLE_S) == b"all of it"
    assert read(Path(f"/dev/fd/{reading_end}"), 100, patience_s=AMPLE_S) == b""
    os.close(reading_end)


def test_a_pipe_that_nobody_writes_to_says_so(pipe: Path) -> None:
    with pytest.raises(TimeoutError, match=r"nobody wrote to it for 0.02 s"):
        read(pipe, 100, patience_s=PATIENCE_S)


def test_a_pipe_that_nobody_reads_from_says_so(pipe: Path) -> None:
    slept: list[float] = []
    with pytest.raises(TimeoutError, match="nobody read from it for 5 s"):
        open_to_write(pipe, sleep=slept.append)
    assert sum(slept) == pytest.approx(5.0)


@pytest.mark.parametrize("append", [False, True])
def test_who_reads_from_a_pipe_gets_it_whole(
    pipe: Path, other_end: ThreadPoolExecutor, *, append: bool
) -> None:
    got = other_end.submit(pipe.read_text)
    with open_to_write(pipe, append=append, patience_s=AMPLE_S) as file:
        file.write("ä" * 200_000)
    assert got.result(AMPLE_S) == "ä" * 200_000


def test_a_file_is_emptied_or_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text, append in (("first", False), ("new", False), (" more", True)):
        with open_to_write(path, append=append) as file:
            file.write(text)
    assert path.read_text() == "new more"


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond `size_bytes`, as a disk does that is nearly full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("old", ["the last report", None], ids=["old", "new"])
def test_a_file_that_there_is_no_room_for_is_as_it_was(tmp_path: Path, old: str | None) -> None:
    file = tmp_path / "report"
    if old:
        file.write_text(old)
    require_writable(file)
    with room_for(4096), pytest.raises(OSError, match="File too large"):
        write(file, "x" * 10_000)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == ({"report": old} if old else {})


def test_what_is_written_stands_behind_links_with_the_mode_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    file, link = tmp_path / "there" / "file", tmp_path / "link"
    link.symlink_to("there/file")
    write(link, "first")
    file.chmod(0o646)
    write(link, "new")
    assert (link.is_symlink(), file.read_text(), file.stat().st_mode & 0o777) == (True, "new", 0o646)
    assert [path.name for path in file.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["/dev/fd/{}", "link"])
def test_the_file_behind_a_stream_stays_the_file_that_the_stream_writes_to(tmp_path: Path, name: str) -> None:
    with (tmp_path / "stdout").open("w") as stream:
        (tmp_path / "link").symlink_to(f"/dev/fd/{stream.fileno()}")
        require_writable(tmp_path / name.format(stream.fileno()))
        write(tmp_path / name.format(stream.fileno()), "report")
        assert (tmp_path / "stdout").read_text() == "report"
        assert os.path.sameopenfile(stream.fileno(), os.open(tmp_path / "stdout", os.O_RDONLY))


def test_a_link_in_a_circle_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(OSError, match="Too many levels"):
        write(tmp_path / "link", "report")
    assert (tmp_path / "link").is_symlink()


def test_a_pipe_is_not_waited_for_before_there_is_something_to_write(pipe: Path) -> None:
    require_writable(pipe)
    assert pipe.is_fifo()


def _env_file(path: Path) -> None:
    load(path.parent, {}, {"env.file": str(path)})


def _wattos_toml(path: Path) -> None:
    (path.parent / "wattos.toml").symlink_to(path)
    load(path.parent, {})


def _summary(path: Path) -> None:
    deps = make_deps(environ={"GITHUB_STEP_SUMMARY": str(path)})
    add_to_summary(deps, "# done")
    raise usage(err(deps), "")


ENDS: list[tuple[str, Callable[[Path], object]]] = [
    ("wattos.toml", _wattos_toml),
    ("--env-file", _env_file),
    ("OPENAI_API_KEY_FILE", lambda path: load(path.parent, {"OPENAI_API_KEY_FILE": str(path)})),
    ("--token-file", lambda path: token_from("--token-file", path, "")),
    ("--slo", load_slos),
    ("loadtest report", reading.read),
    ("drill run", lambda path: drills_called([str(path)], path.parent)),
    ("GITHUB_STEP_SUMMARY", _summary),
    ("--junit", lambda path: write_report(make_deps(cwd=path.parent), path, "<xml/>")),
]


def test_no_option_waits_forever_for_the_other_end_of_a_pipe(tmp_path: Path) -> None:
    def fails(name: str, use: Callable[[Path], object]) -> str:
        path = tmp_path / name.replace(" ", "_") / "pipe"
        path.parent.mkdir()
        os.mkfifo(path)
        with pytest.raises(WattosError) as caught:
            use(path)
        assert caught.value.exit_code in {ExitCode.USAGE, ExitCode.CONFIG}
        return caught.value.message

    with ThreadPoolExecutor(len(ENDS)) as pool:
        told: dict[str, Future[str]] = {name: pool.submit(fails, name, use) for name, use in ENDS}
    assert {name: "it is a pipe, and nobody" in message.result() for name, message in told.items()} == {
        name: True for name, _ in ENDS
    }
