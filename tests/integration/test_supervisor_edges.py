"""Hung and unready services, Ctrl-C, races, descriptors, other versions: what goes wrong in real life."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.network.ports import is_free
from tests.fakes.project.running import NONE_BUNDLED, RunningProject, running_project, wait_until
from wattos_cli.supervisor import process_table

pytestmark = pytest.mark.long
WEB = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if os.path.exists("unwell") else 200); self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RunningProject]:
    with running_project(tmp_path / "p") as fresh:
        fresh.environ |= {
            "WATTOS_PROBE_INTERVAL_S": "0.1",
            "WATTOS_PROBE_SETTLE_S": "0.2",
            "WATTOS_DRAIN_S": "1",
        }
        (fresh.root / "web.py").write_text(WEB)
        fresh.configure(
            NONE_BUNDLED
            + '[services.web]\ncommand = ["python3", "web.py"]\nhealth = "/"\n'
            + f"port = {3040 + fresh.port_offset}\n"
        )
        yield fresh


def start(project: RunningProject, *argv: str, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "wattos_cli", *argv],
        cwd=project.root,
        env=project.process_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,  # type: ignore[call-overload]
    )


def test_a_hung_service_is_restarted_and_says_why(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    before = project.row("web")["pid"]
    os.kill(before, signal.SIGSTOP)

    def back() -> bool:
        row = project.row("web")
        return row["state"] == "ready" and row["pid"] != before

    wait_until(back, "a new process is ready")
    assert project.row("web")["restarts"] == 1
    assert process_table.start_time(before) == 0, "the hung one is gone"


def test_a_service_that_stands_still_is_ended_without_waiting_for_its_drain_time(
    project: RunningProject,
) -> None:
    project.environ["WATTOS_DRAIN_S"] = "60"
    assert project.wattos("up").returncode == 0
    os.kill(project.row("web")["pid"], signal.SIGSTOP)
    down = project.wattos("down", timeout_s=50)
    assert down.returncode == 0, down.stderr


@pytest.mark.parametrize("before", [(), ("down", "idle")], ids=["running", "stopped"])
def test_who_wants_fewer_replicas_does_not_wait_for_those_given_up(
    project: RunningProject, before: tuple[str, ...]
) -> None:
    idle = '[services.idle]\ncommand = ["sleep", "600"]\n'
    project.configure(NONE_BUNDLED + idle + idle.replace("idle", "other"))
    assert project.wattos("up", "--scale", "idle=3").returncode == 0
    if before:
        assert project.wattos(*before).returncode == 0
    up = project.wattos("up", "--scale", "idle=1", "--timeout", "20s", "-o", "json")
    assert up.returncode == 0, up.stderr
    rows = [(row["name"], row["replica"]) for row in json.loads(up.stdout)["services"]]
    assert rows == [("idle", 0), ("other", 0)]


def test_readiness_turns_in_both_directions_without_a_restart(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    pid = project.row("web")["pid"]
    (project.root / "unwell").touch()

    def told() -> tuple[str, str]:
        row = project.row("web")
        return row["state"], row["reason"]

    wait_until(lambda: told() == ("not_ready", "HTTP 503"), "it is not ready and says why")
    (project.root / "unwell").unlink()
    wait_until(lambda: project.row("web")["state"] == "ready", "it is ready again")
    assert project.row("web")["pid"] == pid


def test_down_ends_a_platform_whose_supervisor_hangs(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    web, supervisor = project.row("web")["pid"], project.state()["supervisor"]["pid"]
    os.kill(supervisor, signal.SIGSTOP)
    assert "does not answer" in project.wattos("ps").stderr
    down = project.wattos("down", "-o", "json")
    assert (down.returncode, json.loads(down.stdout)["stopped"]) == (0, ["web"]), down.stderr
    assert "it is killed" in down.stderr
    wait_until(lambda: process_table.start_time(web) == 0, "the service is gone too")
    assert project.wattos("ps").stderr == "Nothing is running. Start the platform with: wattos up\n"
    assert project.wattos("up").returncode == 0


def test_ctrl_c_in_the_foreground_ends_the_platform(project: RunningProject) -> None:
    command = start(project, "up", "--foreground")
    assert command.stderr is not None
    wait_until(lambda: "In the foreground" in str(command.stderr and command.stderr.readline()), "it stays")
    state = project.state()
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=30)
    assert command.returncode == 130
    guardian = state["guardian"]
    assert not process_table.alive(guardian["pid"], guardian["start_time"])
    assert is_free(3040 + project.port_offset)


def test_a_killed_foreground_command_takes_the_platform_along(project: RunningProject) -> None:
    command = start(project, "up", "--foreground")
    wait_until(lambda: "In the foreground" in str(command.stderr and command.stderr.readline()), "it stays")
    guardian = project.state()["guardian"]
    command.kill()
    command.communicate(timeout=30)
    wait_until(lambda: not process_table.alive(guardian["pid"], guardian["start_time"]), "it is gone")


def test_two_ups_at_once_start_one_platform(project: RunningProject) -> None:
    commands = [start(project, "up", "-o", "json") for _ in range(3)]
    outputs = [command.communicate(timeout=60) for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0], outputs
    pids = {json.loads(out)["services"][0]["pid"] for out, _ in outputs}
    assert len(pids) == 1


def with_a_slow_end(project: RunningProject) -> None:
    """Add a service that takes its time to end."""
    (project.root / "slow.py").write_text(
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *a: (time.sleep(0.7), exit(0)))\n"
        "while True: time.sleep(1)\n"
    )
    toml = (project.root / "wattos.toml").read_text()
    project.configure(toml + '[services.slow]\ncommand = ["python3", "slow.py"]\n')


def test_downs_at_once_all_end_when_nothing_runs_any_more(project: RunningProject) -> None:
    with_a_slow_end(project)
    assert project.wattos("up").returncode == 0
    pids = [row["pid"] for row in project.rows()]
    commands = [start(project, "down", *services, "-o", "json") for services in ((), (), ("slow",))]
    outputs = [command.communicate(timeout=60) for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0], outputs
    assert [process_table.start_time(pid) for pid in pids] == [0, 0]
    assert project.rows() == []
    stopped = [json.loads(out)["stopped"] for out, _ in outputs]
    assert sorted({name for names in stopped for name in names}) == ["slow", "web"]


def test_down_names_only_what_it_stopped(project: RunningProject) -> None:
    idle = '[services.idle]\ncommand = ["sleep", "600"]\n'
    project.configure(NONE_BUNDLED + idle + idle.replace("idle", "other"))
    assert project.wattos("up").returncode == 0
    said = [project.wattos("down", *names).stderr.splitlines()[-1] for names in (["idle"], ["idle"], [], [])]
    assert said == [
        "Stopped: idle",
        "Nothing of it was running.",
        "Stopped: other",
        "Nothing was running.",
    ]


def test_an_up_during_a_down_starts_a_new_platform(project: RunningProject) -> None:
    with_a_slow_end(project)
    assert project.wattos("up").returncode == 0
    before = project.row("web")["pid"]
    down = start(project, "down")
    wait_until(lambda: process_table.start_time(before) == 0 or down.poll() is not None, "down has begun")
    up = project.wattos("up")
    assert up.returncode == 0, up.stderr
    _, err = down.communicate(timeout=60)
    assert down.returncode == 0, err
    assert {row["state"] for row in project.rows()} == {"ready"}
    assert project.row("web")["pid"] != before


def test_the_daemon_keeps_no_descriptor_of_its_caller(project: RunningProject) -> None:
    read_end, write_end = os.pipe()
    command = start(project, "up", pass_fds=(write_end,))
    os.close(write_end)
    out, err = command.communicate(timeout=60)
    assert command.returncode == 0, err
    os.set_blocking(read_end, False)
    assert os.read(read_end, 1) == b"", "end of file: nobody holds the other end"
    os.close(read_end)
    guardian = project.state()["guardian"]["pid"]
    targets = [str(Path(f"/proc/{guardian}/fd/{fd}").readlink()) for fd in (0, 1, 2)]
    assert targets[0] == "/dev/null"
    assert set(targets[1:]) == {str(project.root / ".wattos/logs/supervisor.log")}
    assert "web" in out


def test_a_port_taken_by_a_foreign_process_names_pid_and_command(project: RunningProject) -> None:
    with socket.create_server(("127.0.0.1", 3040 + project.port_offset)):
        up = project.wattos("up", "-o", "json")
    assert up.returncode == 1
    error = json.loads(up.stderr)
    assert error["code"] == "port_in_use"
    assert error["details"]["pid"] == os.getpid()
    assert "--port web=PORT" in error["hint"]


def test_ps_all_names_the_projects(project: RunningProject, tmp_path: Path) -> None:
    assert project.wattos("up").returncode == 0
    listed = json.loads(project.wattos("ps", "--all", "-o", "json").stdout)["services"]
    assert [(row["project"], row["name"]) for row in listed if row["project"] == str(project.root)] == [
        (str(project.root), "web")
    ]


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (("up", "nosuch"), 2, "there is no service 'nosuch'"),
        (("up", "wbe"), 2, "Did you mean 'web'?"),
        (("up", "chat"), 2, "chat is disabled in wattos.toml"),
        (("up", "--with", "postgres"), 1, "postgres cannot be started by this version"),
        (("up", "--with", "redis", "--scale", "redis=2"), 2, "redis runs once"),
        (("up", "--port-offset", "7"), 2, "multiple of 100"),
        (("up", "--scale", "web=none"), 2, "expected NAME=NUMBER"),
        (("restart", "web"), 4, "the platform is not running"),
        (("restart",), 2, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_said(
    project: RunningProject, argv: tuple[str, ...], code: int, text: str
) -> None:
    done = project.wattos(*argv)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert text in done.stderr


def test_a_service_whose_folder_is_missing_names_the_folder(project: RunningProject) -> None:
    project.configure(NONE_BUNDLED + '[services.web]\ncommand = ["sleep", "60"]\ncwd = "absent"\n')
    up = project.wattos("up", "--timeout", "30s")
    assert up.returncode == 1
    assert f"cannot start: No such file or directory ({project.root / 'absent'})" in up.stderr


def test_a_setting_that_is_no_number_is_a_configuration_error(project: RunningProject) -> None:
    done = project.wattos("up", environ={"WATTOS_RESTART_BASE_S": "soon"})
    assert done.returncode == 3
    assert "WATTOS_RESTART_BASE_S" in done.stderr


def test_unknown_running_service_cannot_be_restarted(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    done = project.wattos("restart", "nosuch")
    assert done.returncode == 1
    assert "running are: web" in done.stderr


def test_a_supervisor_of_another_version_is_shown_and_stopped_but_not_used(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    state_file = project.root / ".wattos/run/services.json"
    state = json.loads(state_file.read_text())
    real = state["control_socket"]
    relay = Path(real).with_name("old.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(relay))
        server.listen()
        threading.Thread(target=_pretend_another_protocol, args=(server, real), daemon=True).start()
        state_file.write_text(json.dumps({**state, "control_socket": str(relay)}))
        restart = project.wattos("restart", "web")
        assert (restart.returncode, "wattos up --recreate" in restart.stderr) == (1, True)
        assert project.row("web")["state"] == "ready"
        assert project.wattos("down").returncode == 0
    assert is_free(3040 + project.port_offset)


def _pretend_another_protocol(server: socket.socket, real: str) -> None:
    """Relay the control socket, with another protocol number in the greeting."""
    for _ in range(3):
        client, _ = server.accept()
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(real)
        with client, upstream, upstream.makefile("rb") as answers, client.makefile("rb") as asked:
            hello = json.loads(answers.readline())
            client.sendall(json.dumps({**hello, "protocol": 99, "version": "9.9"}).encode() + b"\n")
            line = asked.readline()
            if not line:
                continue
            with contextlib.suppress(ConnectionError):  # a command leaves as soon as it has its answer
                upstream.sendall(line)
                client.sendall(answers.readline())
                client.sendall(answers.read())


@pytest.mark.parametrize("command", ["down", "up"])
def test_a_spoilt_state_file_does_not_hide_the_platform(project: RunningProject, command: str) -> None:
    assert project.wattos("up").returncode == 0
    pid = project.row("web")["pid"]
    (project.root / ".wattos/run/services.json").write_text('{"x')
    done = project.wattos(command)
    assert done.returncode == 0, done.stderr
    assert "Nothing was running" not in done.stderr
    assert (process_table.start_time(pid) == 0) is (command == "down")


def test_removing_the_state_folder_ends_the_platform(project: RunningProject) -> None:
    assert project.wattos("up").returncode == 0
    pid = project.row("web")["pid"]
    shutil.rmtree(project.root / ".wattos")
    wait_until(lambda: process_table.start_time(pid) == 0, "the service has ended")
    wait_until(lambda: project.wattos("up").returncode == 0, "the next up works")
