"""up, ps, restart, down with services of one's own: real processes, nothing bundled."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes.network.ports import is_free
from tests.fakes.project.running import NONE_BUNDLED, REPOSITORY, RunningProject, running_project, wait_until
from wattos_cli.supervisor import process_table

WEB = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *a): pass
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[RunningProject]:
    with running_project(tmp_path / "p") as fresh:
        fresh.environ["WATTOS_RESTART_BASE_S"] = "0.05"
        fresh.environ["WATTOS_PROBE_INTERVAL_S"] = "0.1"
        fresh.environ["WATTOS_PROBE_SETTLE_S"] = "1.5"
        yield fresh


def service(project: RunningProject, name: str, code: str, extra: str = "") -> str:
    """Write a script and return the toml of a service that runs it."""
    script = project.root / f"{name}.py"
    script.write_text(code)
    return f'\n[services.{name}]\ncommand = ["python3", "{script}"]\n{extra}\n'


def schema(command: str) -> Any:
    path = REPOSITORY / f"docs/reference/schemas/wattos.{command}.v1.json"
    return json.loads(path.read_text())


def written(file: Path) -> str:
    """Return what a service has written into a file, once it has: one without a port may be ready before."""
    wait_until(lambda: file.exists() and file.read_text() != "", f"{file.name} is written")
    return file.read_text()


def port(project: RunningProject, number: int = 0) -> int:
    return 3040 + number + project.port_offset


def test_up_twice_ps_restart_down(project: RunningProject) -> None:
    web = service(project, "web", WEB, f'port = {port(project)}\nhealth = "/"')
    project.configure(NONE_BUNDLED + web)
    first = project.wattos("up", "-o", "json")
    assert first.returncode == 0, first.stderr
    jsonschema.validate(json.loads(first.stdout), schema("up"))
    jsonschema.validate(json.loads(project.wattos("ps", "-o", "json").stdout), schema("ps"))
    row = json.loads(first.stdout)["services"][0]
    assert (row["name"], row["state"], row["restarts"]) == ("web", "ready", 0)
    assert project.wattos("up").returncode == 0
    assert project.row("web")["pid"] == row["pid"], "a second up starts nothing that runs"
    restarted = project.wattos("restart", "web")
    assert restarted.returncode == 0, restarted.stderr
    assert project.row("web")["pid"] != row["pid"]
    down = project.wattos("down", "-o", "json")
    assert (down.returncode, json.loads(down.stdout)["stopped"]) == (0, ["web"])
    jsonschema.validate(json.loads(down.stdout), schema("down"))
    assert is_free(port(project))
    assert list(Path(project.environ["XDG_RUNTIME_DIR"]).rglob("*.sock")) == []
    assert project.wattos("down").returncode == 0
    assert project.wattos("ps").returncode == 0


def test_a_provider_that_only_a_flag_named_is_not_forgotten_silently(project: RunningProject) -> None:
    project.configure(NONE_BUNDLED + service(project, "web", WEB, f"port = {port(project)}"))
    told = "The last up had --provider openai; this one has not."
    assert told not in project.wattos("up", "--provider", "openai").stderr
    assert project.wattos("down").returncode == 0
    again = project.wattos("up")
    assert (again.returncode, told in again.stderr) == (0, True), again.stderr
    assert told not in project.wattos("up").stderr


def test_state_is_private(project: RunningProject) -> None:
    project.configure(NONE_BUNDLED + service(project, "web", WEB, f"port = {port(project)}"))
    assert project.wattos("up").returncode == 0
    state = project.root / ".wattos"
    assert (state / ".gitignore").read_text() == "*\n"
    modes = {path.name: path.stat().st_mode & 0o777 for path in [state, *(state / "run").iterdir()]}
    assert modes[".wattos"] == 0o700
    assert {modes[name] for name in ("jwt.secret", "identity.key", "operator.token", "metrics.token")} == {
        0o600
    }
    assert {mode & 0o077 for mode in modes.values()} == {0}


def test_a_service_that_dies_at_once_is_told_with_its_last_lines(project: RunningProject) -> None:
    good = service(project, "good", WEB, f"port = {port(project)}")
    bad = service(project, "bad", "print('on my way'); raise ValueError('no such table')")
    project.configure(NONE_BUNDLED + good + bad)
    up = project.wattos("up", "--timeout", "20s")
    assert up.returncode == 1
    assert "bad failed: exited with code 1" in up.stderr
    assert "| ValueError: no such table" in up.stderr
    assert ".wattos/logs/bad.0.log" in up.stderr
    assert project.row("good")["state"] == "ready", "the rest is left running"


def test_a_service_that_dies_after_a_moment_is_told(project: RunningProject) -> None:
    project.environ["WATTOS_PROBE_SETTLE_S"] = "60"  # longer than its moment takes on any machine
    dying = service(project, "dying", "import sys, time; time.sleep(0.2); sys.exit('gave up')")
    project.configure(NONE_BUNDLED + dying)
    up = project.wattos("up")
    assert up.returncode == 1
    assert "dying failed: exited with code 1" in up.stderr
    assert "| gave up" in up.stderr


def test_a_service_that_never_gets_ready_and_down_on_failure(project: RunningProject) -> None:
    never = service(project, "never", "import time; time.sleep(600)", f"port = {port(project)}")
    project.configure(NONE_BUNDLED + never)
    up = project.wattos("up", "--timeout", "1s", "--down-on-failure", "-o", "json")
    assert up.returncode == 1
    error = json.loads(up.stderr)
    assert error["schema"] == "wattos.error/v1"
    assert "was not ready within 1 s" in error["message"]
    assert json.loads(project.wattos("ps", "-o", "json").stdout)["services"] == []


def test_a_crash_is_followed_by_a_restart_and_many_by_a_crash_loop(project: RunningProject) -> None:
    project.environ["WATTOS_RESTART_WINDOW_S"] = "600"  # a busy machine spreads five ends over a minute
    project.configure(NONE_BUNDLED + service(project, "web", WEB, f"port = {port(project)}"))
    assert project.wattos("up").returncode == 0
    before = project.row("web")["pid"]
    os.kill(before, signal.SIGKILL)

    def restarted() -> bool:
        row = project.row("web")
        return row["state"] == "ready" and row["pid"] != before

    wait_until(restarted, "the service is ready again")
    assert project.row("web")["restarts"] == 1
    for _ in range(4):
        pid = project.row("web")["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda gone=pid: project.row("web")["pid"] != gone, "the end is noticed")
        wait_until(lambda: project.row("web")["state"] in {"ready", "crash_loop"}, "a verdict")
    assert project.row("web")["state"] == "crash_loop"
    assert project.wattos("up").returncode == 0, "up gives it another chance"
    assert project.row("web")["state"] == "ready"


def test_down_leaves_no_child_that_ignores_sigterm(project: RunningProject) -> None:
    stubborn = (
        "import signal, subprocess, sys, time\n"
        "code = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True);'"
        " 'time.sleep(600)'\n"
        "kid = subprocess.Popen([sys.executable, '-c', code], start_new_session='alone' in sys.argv)\n"
        "open('kid.pid', 'w').write(str(kid.pid))\n"
        "time.sleep(600)\n"
    )
    script = project.root / "parent.py"
    script.write_text(stubborn)
    project.configure(NONE_BUNDLED + f'[services.s]\ncommand = ["python3", "{script}", "alone"]')
    assert project.wattos("up").returncode == 0
    kid = int(written(project.root / "kid.pid"))
    started = process_table.start_time(kid)
    assert started
    assert project.wattos("down").returncode == 0
    assert not process_table.alive(kid, started)


@pytest.mark.parametrize("victims", [("supervisor",), ("guardian",), ("supervisor", "guardian")])
def test_killed_supervision_leaves_nothing_and_up_works_again(
    project: RunningProject, victims: tuple[str, ...]
) -> None:
    project.configure(NONE_BUNDLED + service(project, "web", WEB, f"port = {port(project)}"))
    assert project.wattos("up").returncode == 0
    pid = project.row("web")["pid"]
    started = process_table.start_time(pid)
    state = project.state()
    for victim in victims:
        os.kill(state[victim]["pid"], signal.SIGKILL)
    wait_until(lambda: not process_table.alive(pid, started), "the service is gone")
    assert project.wattos("ps").stdout == ""
    if victims == ("supervisor",):
        told = "the supervisor was ended by SIGKILL, and with it all that it had started"
        wait_until(lambda: told in project.wattos("logs", "supervisor").stdout, "its log says why it ended")
    again = project.wattos("up")
    assert again.returncode == 0, again.stderr


def test_own_service_waits_for_oneshot_and_gets_its_environment(project: RunningProject) -> None:
    first = service(project, "first", "open('done', 'w').write('x')", "oneshot = true")
    code = "import os\nassert os.path.exists('done')\nassert os.environ['COLOUR'] == 'blue'\n" + WEB
    extra = f'port = {port(project)}\ndepends_on = ["first"]\n[services.second.env]\nCOLOUR = "blue"'
    project.configure(NONE_BUNDLED + first + service(project, "second", code, extra))
    up = project.wattos("up", "-o", "json")
    assert up.returncode == 0, up.stderr
    rows = {row["name"]: row for row in json.loads(up.stdout)["services"]}
    assert rows["first"]["state"] == rows["second"]["state"] == "ready"
    assert rows["first"]["pid"] is None


def test_attached_service_is_watched_but_not_started(project: RunningProject) -> None:
    web = service(project, "web", WEB, f"port = {port(project)}")
    attached = f'[services.elsewhere]\nurl = "http://127.0.0.1:{port(project)}/"\n'
    project.configure(NONE_BUNDLED + web + attached)
    up = project.wattos("up", "-o", "json")
    assert up.returncode == 0, up.stderr
    rows = {row["name"]: row for row in json.loads(up.stdout)["services"]}
    assert rows["elsewhere"]["state"] == "ready"
    assert rows["elsewhere"]["pid"] is None
    assert project.wattos("down").returncode == 0


def test_logs_are_rotated_for_a_writer_that_keeps_its_file_open(project: RunningProject) -> None:
    noisy = service(project, "noisy", "import time\nwhile 1: print('x' * 999, flush=True); time.sleep(.002)")
    project.environ |= {"WATTOS_UPKEEP_S": "0.1", "WATTOS_LOG_LIMIT_BYTES": "50000"}
    project.configure(NONE_BUNDLED + noisy)
    assert project.wattos("up").returncode == 0
    log = project.root / ".wattos/logs/noisy.0.log"
    wait_until(lambda: log.with_name("noisy.0.log.2").exists(), "two rotations")
    assert not log.with_name("noisy.0.log.6").exists()
