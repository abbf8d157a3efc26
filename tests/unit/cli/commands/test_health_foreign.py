"""`wattos health` asks what is not ours itself: what the supervisor saw last may be ten seconds old."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli.deps import make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from wattos_cli.commands.health import run
from wattos_cli.commands.health.options import Options, Output
from wattos_cli.deps import NoReplyError

ASKED = b"*2\r\n$4\r\nAUTH\r\n$6\r\np4ssw0\r\n*1\r\n$4\r\nPING\r\n"
OWN = """
[services.shop]
command = ["x"]
health = "/ok"
[services.search]
url = "http://127.0.0.1:9200/status?deep=1"
[services.mail]
command = ["x"]
port = 25
[services.seed]
command = ["x"]
port = 26
oneshot = true
[services.batch]
command = ["x"]
"""


def health(root: Path, http: FakeHttp | None = None, timeout_s: float = 5.0) -> dict[str, tuple[str, Any]]:
    """Return status and error of each service."""
    deps = make_deps(cwd=root, http=http or FakeHttp(), json_output=True)
    run(Options(output=Output.JSON, probe_timeout_s=timeout_s), deps)
    return {row["name"]: (row["status"], row["error"]) for row in published(out(deps))["services"]}


@contextmanager
def serving(answer: Callable[[socket.socket], None] | None) -> Iterator[int]:
    """Yield the port of a server for one connection; None: the kernel accepts it, nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                answer and answer(connection)

        thread = threading.Thread(target=serve, daemon=True)
        if answer:
            thread.start()
        yield port
        if answer:
            thread.join(10)


def redis_in(root: Path, port: int, state: str = "ready") -> None:
    write_running(root, {"name": "redis", "kind": "component", "port": port, "state": state})
    (root / ".wattos/run/redis.password").write_text("p4ssw0\n")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"+OK\r\n+PONG\r\n", ("healthy", None)),
        (b"+OK\r\n-LOADING Redis is loading\r\n", ("unhealthy", "LOADING Redis is loading")),
        (b"-WRONGPASS no\r\n", ("unhealthy", "WRONGPASS no")),
        (b"+O", ("unhealthy", "the answer is cut short")),
    ],
    ids=["pong", "loading", "another password", "cut"],
)
def test_redis_is_asked_for_a_pong(tmp_path: Path, said: bytes, found: tuple[str, str | None]) -> None:
    heard: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heard.append(connection.recv(len(ASKED), socket.MSG_WAITALL))
        connection.sendall(said)

    with serving(answer) as port:
        redis_in(tmp_path, port)
        assert health(tmp_path) == {"redis": found}
    assert heard == [ASKED]


def test_a_frozen_redis_is_not_healthy_whatever_the_supervisor_saw_last(tmp_path: Path) -> None:
    with serving(None) as port:
        redis_in(tmp_path, port)
        assert health(tmp_path, timeout_s=0.2) == {"redis": ("unhealthy", "no answer within 0.2 s")}


def test_one_that_is_started_again_says_so_with_its_state(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    redis_in(tmp_path, port, state="backoff")
    assert health(tmp_path) == {"redis": ("unhealthy", "connection refused (state: backoff)")}


def test_without_its_password_redis_is_not_healthy(tmp_path: Path) -> None:
    redis_in(tmp_path, 1)
    (tmp_path / ".wattos/run/redis.password").unlink()
    status, error = health(tmp_path)["redis"]
    assert (status, "redis.password: No such file" in error) == ("unhealthy", True)


def test_components_over_http_are_asked_whether_they_are_ready(tmp_path: Path) -> None:
    write_running(
        tmp_path,
        {"name": "prometheus", "kind": "component", "url": "http://127.0.0.1:3090"},
        {"name": "alertmanager", "kind": "component", "url": "http://127.0.0.1:3093"},
        {"name": "later", "kind": "component"},
    )
    http = FakeHttp()
    http.answer("http://127.0.0.1:3090", "/-/ready", {})
    http.replies["http://127.0.0.1:3093", "/-/ready"] = NoReplyError("no answer within 2 s")
    assert health(tmp_path, http) == {
        "prometheus": ("healthy", None),
        "alertmanager": ("unhealthy", "no answer within 2 s"),
        "later": ("healthy", None),
    }


def test_own_services_are_asked_what_the_supervisor_asks_them(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text(OWN)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    refusing = f"http://127.0.0.1:{port}"
    write_running(
        tmp_path,
        {"name": "shop", "kind": "own", "url": "http://127.0.0.1:8000"},
        {"name": "search", "kind": "own", "url": "http://127.0.0.1:9200/status?deep=1"},
        {"name": "mail", "kind": "own", "url": refusing},
        {"name": "seed", "kind": "own", "url": refusing},
        {"name": "batch", "kind": "own", "url": None, "state": "crash_loop", "reason": "exited with code 3"},
    )
    http = FakeHttp()
    http.answer("http://127.0.0.1:8000", "/ok", {}, 302)
    http.answer("http://127.0.0.1:9200", "/status?deep=1", {"status": "healthy"})
    assert health(tmp_path, http) == {
        "shop": ("healthy", None),
        "search": ("healthy", None),
        "mail": ("unhealthy", "connection refused"),
        "seed": ("healthy", None),
        "batch": ("unhealthy", "state: crash_loop: exited with code 3"),
    }


def test_a_port_that_accepts_is_enough_where_there_is_no_path(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text('[services.mail]\ncommand = ["x"]\nport = 25\n')
    with serving(lambda _connection: None) as port:
        write_running(tmp_path, {"name": "mail", "kind": "own", "url": f"http://127.0.0.1:{port}"})
        assert health(tmp_path) == {"mail": ("healthy", None)}
