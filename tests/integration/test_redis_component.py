"""`up --with redis`: the real redis-server as a child of the supervisor, beside a service of one's own."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.fakes.network.ports import is_free
from tests.fakes.project.running import NONE_BUNDLED, RunningProject, running_project, wait_until
from wattos_cli.supervisor import process_table
from wattos_platform import catalog

# It ends at once unless Redis was ready before it started.
ASKER = """
import os, pathlib, time, redis
with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
    client.ping()
pathlib.Path("url").write_text(os.environ["REDIS_URL"])
time.sleep(600)
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RunningProject]:
    """A project whose folder has a name that must be quoted; `up.with` is where it asks for Redis."""
    with running_project(tmp_path / 'p "q" \\ü') as fresh:
        fresh.environ |= {
            "WATTOS_RESTART_BASE_S": "0.05",
            "WATTOS_PROBE_INTERVAL_S": "0.1",
            "WATTOS_PROBE_SETTLE_S": "0.5",
        }
        (fresh.root / "asker.py").write_text(ASKER)
        asker = f'[services.asker]\ncommand = ["{sys.executable}", "asker.py"]\n'
        fresh.configure(f'up.with = ["redis"]\n{NONE_BUNDLED}{asker}')
        yield fresh


def url(project: RunningProject) -> str:
    """Return the URL that the service got, once it has told it: it may count as ready before."""
    file = project.root / "url"
    wait_until(lambda: file.exists() and file.read_text() != "", "the service has asked Redis")
    return file.read_text()


def client(project: RunningProject) -> redis.Redis:
    """Return a client with the URL that services got."""
    return redis.Redis.from_url(url(project), socket_timeout=20)


def port(project: RunningProject) -> int:
    return catalog.component("redis").port + project.port_offset


def test_it_is_ready_before_the_services_private_and_asks_for_a_password(project: RunningProject) -> None:
    up = project.wattos("up", "-o", "json")
    assert up.returncode == 0, up.stderr
    rows = {row["name"]: row for row in json.loads(up.stdout)["services"]}
    assert list(rows) == ["redis", "asker"]
    assert {(row["state"], row["restarts"]) for row in rows.values()} == {("ready", 0)}
    assert (rows["redis"]["kind"], rows["redis"]["url"]) == (
        "component",
        f"redis://127.0.0.1:{port(project)}",
    )
    with redis.Redis(port=port(project)) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    run, data = project.root / ".wattos/run", project.root / ".wattos/data/redis"
    assert {(run / name).stat().st_mode & 0o777 for name in ("redis.conf", "redis.password")} == {0o600}
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "appendonlydir").is_dir()
    password = (run / "redis.password").read_text()
    assert password in url(project)
    told = [*(project.root / ".wattos/logs").iterdir(), run / "services.json"]
    assert [path.name for path in told if password in path.read_text()] == []
    pid = rows["redis"]["pid"]
    assert password not in Path(f"/proc/{pid}/cmdline").read_text()
    assert f"127.0.0.1:{port(project)}" in Path(f"/proc/{pid}/cmdline").read_text()


def test_what_was_written_outlives_a_kill_and_a_down(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    before = project.row("redis")["pid"]
    with client(project) as spent:
        spent.set("budget:acme", "41")
        os.kill(before, signal.SIGKILL)

    def back() -> bool:
        row = project.row("redis")
        return row["state"] == "ready" and row["pid"] != before

    wait_until(back, "redis is ready again")
    assert project.row("redis")["restarts"] == 1
    assert project.row("asker")["restarts"] == 0
    with client(project) as spent:
        assert spent.incr("budget:acme") == 42
    assert project.wattos("down").returncode == 0
    assert is_free(port(project))
    assert project.wattos("up").returncode == 0
    with client(project) as spent:
        assert spent.get("budget:acme") == b"42"


def test_a_hung_one_is_restarted(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    before = project.row("redis")["pid"]
    os.kill(before, signal.SIGSTOP)

    def back() -> bool:
        row = project.row("redis")
        return row["state"] == "ready" and row["pid"] != before

    wait_until(back, "a new process is ready")


def test_health_says_at_once_that_it_hangs_and_the_supervisor_later(project: RunningProject) -> None:
    project.environ["WATTOS_PROBE_INTERVAL_S"] = "600"
    assert project.wattos("up").returncode == 0
    pid = project.row("redis")["pid"]

    def found() -> tuple[int, str, str | None]:
        done = project.wattos("health", "redis", "-o", "json")
        finding = json.loads(done.stdout)["services"][0]
        return done.returncode, finding["status"], finding["error"]

    assert found() == (0, "healthy", None)
    os.kill(pid, signal.SIGSTOP)
    assert found() == (1, "unhealthy", "no answer within 2 s")
    assert project.row("redis")["state"] == "ready", "the supervisor has not asked since"
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: found() == (0, "healthy", None), "it answers again")


def test_up_again_restart_down_and_purge(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    first = {row["name"]: row["pid"] for row in project.rows()}
    again = project.wattos("up")
    assert again.returncode == 0, again.stderr
    assert "older settings" not in again.stderr
    assert {row["name"]: row["pid"] for row in project.rows()} == first
    restart = project.wattos("restart", "redis")
    assert restart.returncode == 0, restart.stderr
    second = {row["name"]: row["pid"] for row in project.rows()}
    assert (second["redis"] != first["redis"], second["asker"]) == (True, first["asker"])
    assert project.wattos("down", "redis").returncode == 0
    assert is_free(port(project))
    assert project.row("asker")["state"] == "ready"
    assert project.wattos("down", "--purge", "--yes").returncode == 0
    assert not (project.root / ".wattos").exists()


def test_logs_and_health_show_it(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    logs = project.wattos("logs", "redis", "--since", "-5m", "-o", "json")
    lines = [json.loads(line) for line in logs.stdout.splitlines()]
    assert any("Ready to accept connections" in line["text"] for line in lines)
    assert all(line["service"] == "redis-0" and line["time"] for line in lines)
    health = project.wattos("health", "redis", "-o", "json")
    assert (health.returncode, json.loads(health.stdout)["services"][0]["status"]) == (0, "healthy")


def test_one_that_cannot_start_is_told_and_the_services_go_on_without_it(project: RunningProject) -> None:
    project.environ["WATTOS_RESTART_LIMIT"] = "2"
    data = project.root / ".wattos/data/redis/appendonlydir"
    data.mkdir(parents=True)
    (data / "appendonly.aof.manifest").write_text("not a manifest\n")
    (project.root / "asker.py").write_text("import time\ntime.sleep(600)\n")
    up = project.wattos("up", "--timeout", "20s")
    assert up.returncode == 1
    assert "redis failed: exited with code 1" in up.stderr
    assert "Invalid AOF manifest" in up.stderr
    assert project.row("asker")["state"] == "ready"


def test_a_port_that_is_taken_names_its_holder(project: RunningProject) -> None:
    with socket.create_server(("127.0.0.1", port(project))):
        up = project.wattos("up", "-o", "json")
    assert up.returncode == 1
    error = json.loads(up.stderr)
    assert (error["code"], error["details"]["pid"]) == ("port_in_use", os.getpid())
    assert "--port redis=PORT" in error["hint"]


def test_without_the_program_the_line_that_installs_it(project: RunningProject, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    up = project.wattos("up", environ={"PATH": str(empty)})
    assert up.returncode == 1
    assert "apt-get install redis-server" in up.stderr
    assert project.wattos("ps").stdout == "", "nothing was started"


def test_two_servers_for_one_variable_are_a_configuration_error(project: RunningProject) -> None:
    up = project.wattos("up", environ={"REDIS_URL": "redis://:hidden@elsewhere"})
    assert up.returncode == 3
    assert "REDIS_URL (env REDIS_URL) and --with redis" in up.stderr
    assert "hidden" not in up.stderr


def test_a_killed_supervisor_takes_it_along(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    pid = project.row("redis")["pid"]
    started = process_table.start_time(pid)
    os.kill(project.state()["supervisor"]["pid"], signal.SIGKILL)
    wait_until(lambda: not process_table.alive(pid, started), "redis is gone")
    # Its threads end one by one, and the last one gives the port back.
    wait_until(lambda: is_free(port(project)), "its port is free")
    again = project.wattos("up")
    assert again.returncode == 0, again.stderr
