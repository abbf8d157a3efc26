"""The fork server by itself: the program, its protocol, and what a child of it looks like."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.project.running import REPOSITORY, wait_until
from wattos_cli.supervisor import process_table

# A program of the platform that any child can run: it stays until its listening socket is connected to.
PROGRAM = """
import json, os, random, socket, sys
import wattos_platform.__main__ as entry
from wattos_platform.kernel.process import forkserver

def show(argv):
    if list(argv) == ["exit"]:
        return 7
    if list(argv) == ["raise"]:
        raise ValueError("on purpose")
    facts = {
        "argv": list(argv), "pid": os.getpid(), "pgrp": os.getpgrp(), "cwd": os.getcwd(),
        "environ": dict(os.environ), "random": random.random(),
        "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[:-1],
    }
    print(json.dumps(facts), flush=True)
    listener = socket.socket(fileno=3)
    listener.accept()
    return 0

sys.exit(forkserver.main(sys.argv[1:], show))
"""


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    control: socket.socket
    folder: Path
    seen: list[dict[str, Any]] = field(default_factory=list)

    def read(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.control.recv(1 << 20))
        self.seen.append(message)
        return message

    def until(self, key: str, value: Any) -> dict[str, Any]:
        while True:
            message = self.read()
            if message.get(key) == value:
                return message

    def spawn(self, number: int, *argv: str, listener: socket.socket | None = None) -> dict[str, Any]:
        packet = {
            "id": number, "op": "spawn", "name": "rag", "argv": argv, "cwd": str(self.folder),
            "environ": {"ONLY": "this"}, "log_file": str(self.folder / f"{number}.log"),
        }  # fmt: skip
        socket.send_fds(self.control, [json.dumps(packet).encode()], [listener.fileno()] if listener else [])
        return self.until("id", number)

    def facts(self, number: int) -> dict[str, Any]:
        log = self.folder / f"{number}.log"
        wait_until(lambda: log.exists() and log.read_text().endswith("\n"), "the child speaks")
        facts: dict[str, Any] = json.loads(log.read_text())
        return facts


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    options = ["--parent", str(os.getpid()), "--preload", "rag", "--migrations", "no"]
    packages = tmp_path / "platform"  # a copy, as one test touches a file
    shutil.copytree(REPOSITORY / "platform", packages, ignore=shutil.ignore_patterns("__pycache__"))
    environ = {**os.environ, "PYTHONPATH": str(packages)}
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, "--control-fd", str(theirs.fileno()), *options],
            pass_fds=(theirs.fileno(),),
            env=environ,
        )
    ours.settimeout(60)
    server = Server(process, ours, tmp_path)
    yield server
    ours.close()
    assert process.wait(timeout=10) in {0, -signal.SIGKILL}


def test_stages_are_told_in_order_and_a_child_can_be_had_before_the_last(server: Server) -> None:
    assert server.read() == {"event": "loaded", "stage": "migrate"}
    assert server.read() == {"event": "loaded", "stage": "rag"}
    ready = server.read()
    assert ready["event"] == "ready"
    assert ready["failed"] == {}
    assert ready["files"] > 300


def test_a_child_is_a_process_of_its_own(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pids = [server.spawn(n, "serve", "rag", listener=listener)["pid"] for n in (1, 2)]
        first, second = server.facts(1), server.facts(2)
        assert [first["pid"], second["pid"]] == pids
        assert first["pgrp"] == first["pid"], "a group of its own"
        assert first["random"] != second["random"], "randomness of its own"
        assert first["environ"] == {"ONLY": "this"}
        assert first["cwd"] == str(server.folder)
        assert first["fds"] == [0, 1, 2, 3], "nothing of the server is open in it"
        assert first["argv"] == ["serve", "rag"]
        for _ in pids:
            socket.create_connection(listener.getsockname()).close()
        ends = [server.until("event", "exit") for _ in pids]
        assert {end["pid"]: end["status"] for end in ends} == dict.fromkeys(pids, 0)


def test_exit_codes_and_tracebacks_are_reported(server: Server) -> None:
    server.spawn(1, "exit")
    assert os.waitstatus_to_exitcode(server.until("event", "exit")["status"]) == 7
    server.spawn(2, "raise")
    assert os.waitstatus_to_exitcode(server.until("event", "exit")["status"]) == 1
    assert "ValueError: on purpose" in (server.folder / "2.log").read_text()


@pytest.mark.parametrize("how", ["killed", "left alone"])
def test_children_die_with_their_server(server: Server, how: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pid = server.spawn(1, "serve", "rag", listener=listener)["pid"]
        started = process_table.start_time(pid)
        server.facts(1)
        if how == "killed":
            server.process.kill()
        else:
            server.control.close()
        wait_until(lambda: not process_table.alive(pid, started), "the child is gone")


def test_a_changed_file_is_noticed(server: Server) -> None:
    server.until("event", "ready")
    server.control.send(json.dumps({"id": 1, "op": "check"}).encode())
    assert server.until("id", 1)["changed"] == []
    preloaded = server.folder / "platform/wattos_platform/services/rag/app.py"
    preloaded.touch()
    server.control.send(json.dumps({"id": 2, "op": "check"}).encode())
    assert server.until("id", 2)["changed"] == [str(preloaded)]
