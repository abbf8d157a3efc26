"""The plain HTTP client against real sockets, well behaved and not."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wattos_cli.clients.plain_http import PlainHttp
from wattos_cli.deps import NoReplyError


@contextmanager
def listening(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one connection on a Unix socket."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            answer(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"unix:{path}"
    thread.join(5)
    server.close()


def test_request_and_answer(tmp_path: Path) -> None:
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        received = b""
        while not received.endswith(b"}"):
            received += connection.recv(65536)
        seen.append(received)
        connection.sendall(b'HTTP/1.1 201 Created\r\nX-Request-Id: r1\r\nContent-Length: 9\r\n\r\n{"a": 1}\n')

    with listening(tmp_path / "s", answer) as address:
        reply = PlainHttp().request("POST", address, "/x", body={"b": 2}, headers={"A": "c"}, timeout_s=5)
    assert (reply.status, reply.headers["x-request-id"], reply.json()) == (201, "r1", {"a": 1})
    assert seen[0].startswith(b"POST /x HTTP/1.1\r\n")
    assert b'{"b": 2}' in seen[0]


def test_an_answer_that_does_not_wait_for_the_body_counts(tmp_path: Path) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")

    with listening(tmp_path / "s", answer) as address:
        reply = PlainHttp().request("POST", address, "/x", body="b" * 10_000_000, timeout_s=5)
    assert reply.status == 413


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "not a valid HTTP answer"),
        (b"SSH-2.0-OpenSSH\r\n", "not a valid HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "the answer is cut short"),
    ],
)
def test_something_else_listens(tmp_path: Path, sent: bytes, reason: str) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(sent)

    with listening(tmp_path / "s", answer) as address, pytest.raises(NoReplyError, match=reason):
        PlainHttp().request("GET", address, "/", timeout_s=5)


def test_silence_ends_with_the_time_out(tmp_path: Path) -> None:
    over = threading.Event()

    def answer(_connection: socket.socket) -> None:
        over.wait(5)

    with listening(tmp_path / "s", answer) as address:
        with pytest.raises(NoReplyError, match=r"no answer within 0\.05 s"):
            PlainHttp().request("GET", address, "/", timeout_s=0.05)
        over.set()


def test_an_answer_without_end_ends_with_the_time_out(tmp_path: Path) -> None:
    clock = iter([0.0, 1.0, 4.9, 5.1])

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b" ")

    with (
        listening(tmp_path / "s", answer) as address,
        pytest.raises(NoReplyError, match="no answer within 5 s"),
    ):
        PlainHttp(monotonic=lambda: next(clock)).request("GET", address, "/", timeout_s=5)


def test_a_head_that_drips_ends_with_the_time_out(tmp_path: Path) -> None:
    """No wait is long, as something comes each time the clock is looked at; but it is never all of it."""
    seconds, due = itertools.count(), threading.Semaphore(0)

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        with contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while due.acquire(timeout=5):
                connection.sendall(b"drop ")

    def monotonic() -> float:
        due.release()
        return float(next(seconds))

    with listening(tmp_path / "s", answer) as address:
        with pytest.raises(NoReplyError, match="no answer within 50 s"):
            PlainHttp(monotonic).request("GET", address, "/", timeout_s=50)
        due.release(1000)


@pytest.mark.parametrize(
    "head",
    [b"", b"Content-Length: 17000000\r\n", b"Transfer-Encoding: chunked\r\n"],
    ids=["", "length", "chunks"],
)
def test_an_answer_that_is_too_large_is_refused(tmp_path: Path, head: bytes) -> None:
    part = b"x" * 1_000_000

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        with contextlib.suppress(OSError):
            for _ in range(17):
                connection.sendall(b"f4240\r\n" + part + b"\r\n" if b"chunked" in head else part)

    with listening(tmp_path / "s", answer) as address, pytest.raises(NoReplyError, match="larger than"):
        PlainHttp().request("GET", address, "/", timeout_s=30)


@pytest.mark.parametrize("kind", ["missing-socket", "closed-port", "unknown-host"])
def test_nothing_listens(tmp_path: Path, kind: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = {
            "missing-socket": f"unix:{tmp_path / 'none'}",
            "closed-port": f"http://127.0.0.1:{unused.getsockname()[1]}",
            "unknown-host": "http://no-such-host.invalid:80",
        }[kind]
        with pytest.raises(NoReplyError):
            PlainHttp().request("GET", address, "/", timeout_s=5)
