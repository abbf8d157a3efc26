"""What a command says on a terminal while one waits for it."""

import io
import os
import threading
from pathlib import Path

import pytest

from tests.fakes.cli.deps import Terminal
from wattos_cli.console import Console

LONG_S = 3600.0
SHOWN = "\rstopping …\033[K"
GONE = "\r\033[K"


class Watched(Terminal):
    """A terminal that tells when something is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = threading.Event()

    def flush(self) -> None:
        self.written.set()


def test_a_wait_is_told_and_the_line_is_gone_afterwards() -> None:
    stderr = Watched()
    with Console(Terminal(), stderr, animate=True).waiting("stopping", after_s=0.0):
        assert stderr.written.wait(30)
    assert stderr.getvalue() == SHOWN + GONE


def test_what_is_written_meanwhile_takes_the_place_of_the_line() -> None:
    stdout, stderr = Terminal(), Watched()
    console = Console(stdout, stderr, animate=True)
    with console.waiting("stopping", after_s=0.0):
        assert stderr.written.wait(30)
        console.note("chat is stopped")
        console.data("1 service")
    assert stderr.getvalue() == f"{SHOWN}{GONE}chat is stopped\n{SHOWN}{GONE}{SHOWN}{GONE}"
    assert stdout.getvalue() == "1 service\n"


@pytest.mark.parametrize(("animate", "after_s"), [(True, LONG_S), (False, 0.0)], ids=["quick", "pipeline"])
def test_a_quick_command_and_a_pipeline_see_nothing_of_it(animate: bool, after_s: float) -> None:
    stderr = io.StringIO()
    with Console(io.StringIO(), stderr, animate=animate).waiting("stopping", after_s=after_s):
        pass
    assert stderr.getvalue() == ""


def test_the_line_of_a_wait_changes_with_what_is_waited_for() -> None:
    stderr = Watched()
    console = Console(Terminal(), stderr, animate=True)
    with console.waiting("waiting for chat, rag", after_s=LONG_S) as say:
        say("waiting for rag")
    with console.waiting("stopping", after_s=0.0) as say:
        assert stderr.written.wait(30)
        say("stopping rag")
    assert stderr.getvalue() == f"{SHOWN}\rstopping rag …\033[K{GONE}", "and unseen before it is shown"


def test_a_wait_within_a_wait_is_not_told_and_does_not_end_it() -> None:
    stderr = Watched()
    console = Console(Terminal(), stderr, animate=True)
    with console.waiting("stopping", after_s=0.0):
        assert stderr.written.wait(30)
        with console.waiting("asking", after_s=0.0):
            pass
        console.note("still here")
    assert stderr.getvalue() == f"{SHOWN}{GONE}still here\n{SHOWN}{GONE}"


def test_a_frame_is_cut_at_the_edge_of_the_terminal_and_not_wrapped() -> None:
    stdout = Terminal()
    console = Console(stdout, io.StringIO(), animate=True)
    with console.frame(drawn=True):
        console.data("a line that is as long as it likes")
    written = stdout.getvalue()
    assert written.index("\033[?7l") < written.index("a line") < written.index("\033[?7h")


@pytest.mark.parametrize(
    ("line", "cleared"), [("123456789", True), ("1234567890", False), ("\x1b[32m123456789\x1b[0m", True)]
)
def test_a_line_up_to_the_edge_keeps_its_last_character(line: str, cleared: bool) -> None:
    stdout = Terminal()
    console = Console(stdout, io.StringIO(), animate=True, width=10)
    with console.frame(drawn=True):
        console.data(line)
    assert (f"{line}\033[K\n" in stdout.getvalue(), f"{line}\n" in stdout.getvalue()) == (
        cleared,
        not cleared,
    )


def test_the_line_of_a_wait_fits_the_terminal() -> None:
    stderr = Watched()
    with Console(Terminal(), stderr, animate=True, width=10).waiting("stopping everything", after_s=0.0):
        assert stderr.written.wait(30)
    assert stderr.getvalue() == f"\rstopping \033[K{GONE}"


def test_who_waits_learns_that_nobody_reads_any_more() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(write_end, "w") as stdout:
        console = Console(stdout, io.StringIO())
        console.require_reader()
        os.close(read_end)
        with pytest.raises(BrokenPipeError):
            console.require_reader()


def test_a_file_and_what_is_no_descriptor_have_readers(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stdout:
        Console(stdout, io.StringIO()).require_reader()
    Console(io.StringIO(), io.StringIO()).require_reader()


def test_notes_fit_the_terminal_and_are_left_alone_in_a_pipe() -> None:
    text = "No log lines yet. Start the platform: wattos up"
    stderr, pipe = Terminal(), io.StringIO()
    Console(Terminal(), stderr, width=30).note(text)
    Console(Terminal(), pipe, width=30).note(text)
    assert stderr.getvalue() == "No log lines yet.\nStart the platform: wattos up\n"
    assert pipe.getvalue() == f"{text}\n"
