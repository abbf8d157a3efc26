"""Plain Locust runs the bundled journeys, and nothing of Locust comes into the command line's process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.loadtest.platform_server import PlatformServer

ROOT = Path(__file__).resolve().parents[2]
ENVIRON = dict(os.environ)


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    server = PlatformServer()
    yield server
    server.close()


def test_plain_locust_runs_the_same_file(platform: PlatformServer) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--headless", "-u", "5", "-r", "5",
         "-t", "3s", "--host", platform.url],
        cwd=ROOT, env={**ENVIRON, "WATTOS_TOKEN": "wk_mine"}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, platform.tokens) == (0, {"Bearer wk_mine"}), done.stderr[-2000:]


def test_our_process_never_imports_locust() -> None:
    code = (
        "import sys, wattos_cli.commands.loadtest.run\n"
        "print([name for name in ('locust', 'gevent') if name in sys.modules])"
    )
    environ = {**ENVIRON, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
