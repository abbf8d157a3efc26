"""A supervisor that does not do what it is told: it breaks off, or says nothing at all."""

import errno
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.cli.deps import write_running
from tests.fakes.project.control_socket import FakeSupervisor, supervised
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import operate
from wattos_cli.supervisor.client import ControlClient

FULL = OSError(errno.ENOSPC, "No space left on device", "/p/.wattos/run/config.json")


@pytest.fixture
def door() -> Iterator[Path]:
    """A path that is short enough for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="wx", dir="/tmp") as folder:
        yield Path(folder) / "control.sock"


@pytest.mark.parametrize(
    ("broken", "message", "exit_code"),
    [
        (
            FULL,
            "the supervisor could not carry out up: /p/.wattos/run/config.json: No space left on device",
            ExitCode.NO,
        ),
        (
            KeyError("plan"),
            "the supervisor could not carry out up, by a bug in wattos: KeyError",
            ExitCode.INTERNAL,
        ),
    ],
    ids=["full-disk", "bug"],
)
def test_what_breaks_an_operation_off_is_told_and_the_supervisor_goes_on(
    tmp_path: Path, door: Path, broken: Exception, message: str, exit_code: ExitCode
) -> None:
    write_running(tmp_path, {"name": "chat", "pid": 11})
    supervisor = FakeSupervisor()
    supervisor.breaking = broken
    with supervised(tmp_path, door, supervisor):
        with ControlClient.connect(door) as client, pytest.raises(WattosError) as caught:
            operate.request(client, "up", 30, plan={})
        assert (caught.value.message, caught.value.exit_code) == (message, exit_code)
        with ControlClient.connect(door) as client:
            assert operate.request(client, "reloaded", 30) == {"reread": []}


def test_a_supervisor_that_says_nothing_is_told_with_what_ends_it(door: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(door))
        hung.listen()
        with ControlClient.connect(door) as client, pytest.raises(WattosError) as caught:
            operate.request(client, "up", 0.1, plan={})
    assert caught.value.code in operate.UNANSWERED
    assert caught.value.message == "the supervisor runs, but has not answered for 0.1 s"
    assert "wattos down" in caught.value.hint
