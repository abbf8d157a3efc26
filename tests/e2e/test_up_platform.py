"""`up`, `restart`, `down` with the bundled services: ports, code, settings, replicas."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.fakes.network.ports import is_free
from tests.fakes.project.running import REPOSITORY, RunningProject, running_project, wait_until
from wattos_platform import catalog

pytestmark = [pytest.mark.e2e, pytest.mark.long]


@pytest.fixture
def edited(project: RunningProject, tmp_path: Path) -> Path:
    """A copy of the platform's code that the project runs and the test may edit."""
    copy = tmp_path / "code"
    for package in ("wattos_cli", "platform/wattos_platform"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPOSITORY / package, copy / Path(package).name, ignore=ignore)
    project.import_path = (copy,)
    return copy / "wattos_platform"


def version(project: RunningProject, service: str) -> str:
    """Return the version that a service itself tells on its operations socket."""
    row = next(row for row in project.state()["services"] if row["name"] == service)
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(row["ops_socket"])
    connection.request("GET", "/health")
    document = json.loads(connection.getresponse().read())
    connection.close()
    return str(document["version"])


def test_restart_loads_changed_code_and_up_names_what_is_stale(project: RunningProject, edited: Path) -> None:
    assert project.wattos("up").returncode == 0
    assert not version(project, "chat").endswith("edited")
    init = edited / "__init__.py"
    init.write_text(init.read_text().replace('0.1.0"', '0.1.0+edited"'))
    up = project.wattos("up")
    assert up.returncode == 0
    assert re.search(r"\bchat, .*run with older settings \(code\)", up.stderr)
    assert not version(project, "chat").endswith("edited"), "up restarts nothing by itself"
    restart = project.wattos("restart", "chat")
    assert restart.returncode == 0, restart.stderr
    assert version(project, "chat").endswith("edited")
    assert not version(project, "rag").endswith("edited"), "the others keep serving"
    assert len(project.state()["fork_servers"]) == 2
    recreate = project.wattos("up", "--recreate")
    assert recreate.returncode == 0, recreate.stderr
    assert version(project, "rag").endswith("edited")
    wait_until(lambda: len(project.state()["fork_servers"]) == 1, "the old fork server has left")


def test_a_service_that_dies_at_import_is_told_and_the_rest_runs(
    project: RunningProject, edited: Path
) -> None:
    app = edited / "services" / "rag" / "app.py"
    app.write_text("raise ImportError('no such index library')\n")
    up = project.wattos("up", "--timeout", "30s")
    assert up.returncode == 1
    assert "rag failed: exited with code 1" in up.stderr
    assert "no such index library" in up.stderr
    assert "rag.0.log" in up.stderr
    states = {row["name"]: row["state"] for row in project.rows()}
    assert states["gateway"] == states["llm-gateway"] == "ready"


def test_restart_refuses_no_connection(platform: RunningProject) -> None:
    stop = threading.Event()
    refused: list[str] = []
    served: list[int] = []

    def knock() -> None:
        while not stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", int(platform.url("rag").rpartition(":")[2]))
            try:
                connection.connect()
                connection.request("GET", "/health/liveness")
                served.append(connection.getresponse().status)
            except ConnectionRefusedError as error:
                refused.append(str(error))
            except (ConnectionError, http.client.HTTPException):
                continue  # accepted by the process that was just ending: not what is asked here
            finally:
                connection.close()

    knocker = threading.Thread(target=knock)
    knocker.start()
    try:
        for _ in range(3):
            assert platform.wattos("restart", "rag").returncode == 0
    finally:
        stop.set()
        knocker.join()
    assert refused == []
    assert served


def test_two_projects_and_a_foreign_port(platform: RunningProject, tmp_path: Path) -> None:
    with running_project(tmp_path / "second") as second:
        second.environ["WATTOS_PORT_OFFSET"] = str(platform.port_offset)
        refused = second.wattos("up", "-o", "json")
        assert refused.returncode == 1
        error = json.loads(refused.stderr)
        assert error["code"] == "port_in_use"
        assert str(platform.root) in error["message"]
        assert "--port-offset 100" in error["hint"]
        own = second.wattos("up", "--port-offset", "auto", "llm-gateway")
        assert own.returncode == 0, own.stderr
        assert {row["state"] for row in platform.rows()} == {"ready"}


def test_a_port_taken_by_a_foreign_process_names_it(project: RunningProject) -> None:
    with socket.create_server(("127.0.0.1", catalog.service("rag").port + project.port_offset)):
        up = project.wattos("up")
    assert up.returncode == 1
    assert f"is taken by pid {os.getpid()}: " in up.stderr
    assert "--port rag=PORT" in up.stderr
    assert project.wattos("ps").stdout == "", "nothing was started"


def test_replicas_share_the_port_and_settings_make_stale(project: RunningProject) -> None:
    up = project.wattos("up", "rag", "--scale", "rag=2")
    assert up.returncode == 0, up.stderr
    assert {(r["name"], r["replica"]) for r in project.rows()} == {("llm-gateway", 0), ("rag", 0), ("rag", 1)}
    project.environ["LOG_LEVEL"] = "debug"
    again = project.wattos("up", "rag")
    assert "llm-gateway, rag run with older settings (LOG_LEVEL)" in again.stderr
    assert len(project.rows()) == 3, "a second up keeps the replicas"
    assert project.wattos("down", "--purge", "--yes").returncode == 0
    assert not (project.root / ".wattos").exists()


def test_a_new_process_has_the_settings_of_the_last_up_and_is_stale_no_more(project: RunningProject) -> None:
    assert project.wattos("up", "rag").returncode == 0
    project.environ["LOG_LEVEL"] = "debug"
    project.configure('[llm.aliases]\nfast = ["local"]\n')
    stale = project.wattos("up", "rag").stderr
    assert "rag runs with older settings (LOG_LEVEL)" in stale, "rag reads no [llm]"
    assert "llm-gateway runs with older settings (LOG_LEVEL, [llm])" in stale
    assert project.wattos("restart", "rag").returncode == 0
    again = project.wattos("up", "rag").stderr
    assert "rag runs with" not in again
    assert "llm-gateway runs with older settings (LOG_LEVEL, [llm])" in again
    pid = project.row("llm-gateway")["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: project.row("llm-gateway")["pid"] not in (None, pid), "it is restarted")
    assert "older settings" not in project.wattos("up", "rag").stderr


def test_purge_needs_a_confirmation(project: RunningProject) -> None:
    refused = project.wattos("down", "--purge")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr


def test_targets_for_prometheus(platform: RunningProject) -> None:
    port = platform.state()["api_port"]
    token = (platform.root / ".wattos/run/operator.token").read_text()

    def get(path: str, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    assert get("/targets")[0] == 401
    status, body = get("/targets", Authorization=f"Bearer {token}")
    assert status == 200
    target = next(entry for entry in json.loads(body) if entry["labels"]["job"] == "chat")
    assert target["labels"]["instance"] == "chat-0"
    status, body = get(target["labels"]["__metrics_path__"], Authorization=f"Bearer {token}")
    assert status == 200
    assert "# TYPE" in body


def test_exec_serves_as_well_as_fork(project: RunningProject) -> None:
    project.environ["WATTOS_SPAWN"] = "exec"
    up = project.wattos("up", "rag")
    assert up.returncode == 0, up.stderr
    assert project.state()["fork_servers"] == []
    assert project.wattos("restart", "rag").returncode == 0
    assert project.wattos("down").returncode == 0
    assert is_free(catalog.service("rag").port + project.port_offset)


def test_redis_started_later_makes_services_stale_and_stays_in_the_picture(project: RunningProject) -> None:
    project.environ["WATTOS_SPAWN"] = "exec"  # then /proc shows the environment of each service
    assert project.wattos("up", "rag").returncode == 0
    late = project.wattos("up", "rag", "--with", "redis")
    assert late.returncode == 0, late.stderr
    assert "llm-gateway, rag run with older settings (REDIS_URL)." in late.stderr
    assert project.wattos("up", "rag", "--recreate").returncode == 0
    for _ in range(2):
        pid, password = project.row("rag")["pid"], (project.root / ".wattos/run/redis.password").read_text()
        assert f"redis://:{password}@127.0.0.1:" in Path(f"/proc/{pid}/environ").read_text()
        assert project.wattos("down", "rag").returncode == 0
        again = project.wattos("up", "rag")
        assert (again.returncode, "older settings" in again.stderr) == (0, False), again.stderr
    assert project.wattos("down", "redis").returncode == 0
    assert "llm-gateway, rag run with older settings (REDIS_URL)." in project.wattos("up", "rag").stderr


def test_rotation_loses_no_line_of_a_bundled_service(project: RunningProject) -> None:
    # Some 150 kB are written: more than one file, less than the six that are kept.
    project.environ |= {"WATTOS_UPKEEP_S": "0.1", "WATTOS_LOG_LIMIT_BYTES": "50000"}
    assert project.wattos("up", "rag").returncode == 0
    row = next(row for row in project.state()["services"] if row["name"] == "rag")
    port = int(project.url("rag").rpartition(":")[2])
    for _ in range(400):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/nowhere")
        connection.getresponse().read()
        connection.close()
    log = Path(row["log_file"])
    wait_until(lambda: log.with_name(f"{log.name}.1").exists(), "the log was rotated")
    assert project.wattos("down").returncode == 0
    files = sorted(log.parent.glob("rag.0.log*"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert len(files) <= 5, "the oldest may be gone"
    assert sum('"/nowhere"' in line or "http.request.completed" in line for line in lines) >= 400
    assert all(line.endswith("}") for line in lines if line.startswith("{"))


def test_a_database_newer_than_the_code_is_exit_3(project: RunningProject) -> None:
    assert project.wattos("up", "rag").returncode == 0
    assert project.wattos("down").returncode == 0
    with contextlib.closing(sqlite3.connect(project.root / ".wattos/data/rag.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999_from_the_future'")
        database.commit()
    up = project.wattos("up", "rag")
    assert up.returncode == 3, up.stderr
    assert "9999_from_the_future" in up.stderr
    assert project.row("rag")["state"] == "crash_loop"


def test_code_that_starts_a_thread_at_import_is_executed_instead_of_forked(
    project: RunningProject, edited: Path
) -> None:
    app = edited / "services" / "rag" / "app.py"
    thread = (
        "\nimport threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    app.write_text(app.read_text() + thread)
    up = project.wattos("up", "rag")
    assert up.returncode == 0, up.stderr
    assert "services are executed" in (project.root / ".wattos/logs/supervisor.log").read_text()
    assert project.wattos("restart", "rag").returncode == 0
