"""`wattos health` against real processes: a report for the pipeline, a watch that draws on a terminal."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.project.running import RunningProject
from wattos_platform import catalog

pytestmark = pytest.mark.e2e

SERVICES = {service.name for service in catalog.SERVICES if service.default}
WATTOS = (sys.executable, "-P", "-m", "wattos_cli")
LONGEST_S = 60


def test_waiting_ends_with_a_report(standing: RunningProject, tmp_path: Path) -> None:
    report = tmp_path / "health.xml"
    done = standing.wattos("health", "--wait", "--timeout", "60s", "--junit", str(report), "-o", "json")
    assert done.returncode == 0, done.stderr
    assert published(done.stdout)["status"] == "healthy"
    suite = ET.fromstring(report.read_text())
    assert {case.get("name") for case in suite} == SERVICES
    assert suite.get("failures") == "0"


def test_a_platform_that_does_not_run_is_in_the_report(project: RunningProject) -> None:
    done = project.wattos("health", "--junit", "health.xml")
    assert done.returncode == 4
    suite = ET.fromstring((project.root / "health.xml").read_text())
    assert (suite.get("failures"), suite[0].get("name")) == ("1", "platform")


def test_watching_writes_an_object_each_time_until_it_is_interrupted(standing: RunningProject) -> None:
    watching = subprocess.Popen(
        [*WATTOS, "health", "--watch", "-o", "json"],
        cwd=standing.root,
        env=standing.process_environ(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    try:
        lines = [watching.stdout.readline() for _ in range(2)]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(LONGEST_S) == 130
    finally:
        watching.kill()
        watching.stdout.close()
        watching.wait()
    for line in lines:
        assert {row["name"] for row in published(json.dumps(json.loads(line)))["services"]} == SERVICES


def test_watching_on_a_terminal_clears_it_once(standing: RunningProject) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(standing.root)
        termios.tcsetwinsize(0, (24, 80))
        environ = standing.process_environ() | {"TERM": "xterm"}
        os.execvpe(WATTOS[0], [*WATTOS, "health", "--watch"], environ)
    try:
        drawn, end = b"", time.monotonic() + LONGEST_S
        while drawn.count(b"Ctrl-C ends") < 2 and time.monotonic() < end:
            drawn += os.read(terminal, 65536)
    finally:
        os.kill(child, signal.SIGINT)
        ended = os.waitpid(child, 0)[1]
        os.close(terminal)
    assert drawn.count(b"Ctrl-C ends") >= 2, drawn
    drawn = b"Ctrl-C ends".join(drawn.split(b"Ctrl-C ends")[:2])  # what was read may hold a part of the third
    assert (drawn.count(b"\x1b[2J"), drawn.count(b"\x1b[H")) == (1, 2)
    assert all(name.encode() in drawn for name in SERVICES)
    assert os.waitstatus_to_exitcode(ended) in {130, -signal.SIGINT}
