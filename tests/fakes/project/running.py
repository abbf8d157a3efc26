"""A project folder in which the real `wattos` runs, with ports and sockets of its own.

Nothing is faked here: it is what integration and end-to-end tests drive the product with.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.network.ports import port_offset
from wattos_platform import catalog

# What a project configures in which only services of its own run.
NONE_BUNDLED = "".join(
    f"[services.{service.name}]\nenabled = false\n" for service in catalog.SERVICES if service.default
)
# A supervisor with this environment leaves down what was killed; no wait is longer than the cap.
STAYS_DOWN = {"WATTOS_RESTART_BASE_S": "600", "WATTOS_RESTART_CAP_S": "600"}
REPOSITORY = Path(__file__).resolve().parents[3]
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")


@dataclass
class RunningProject:
    """One project folder; `import_path` is where the packages under test are."""

    root: Path
    port_offset: int
    environ: dict[str, str]
    import_path: tuple[Path, ...] = field(default=(REPOSITORY, REPOSITORY / "platform"))

    def wattos(
        self, *argv: str, timeout_s: float = 110, environ: Mapping[str, str] | None = None, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line in the project folder and return what came out, whatever the exit code."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "wattos_cli", *argv],
            cwd=self.root,
            env={**self.process_environ(), **(environ or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def process_environ(self) -> dict[str, str]:
        """Return the environment in which commands run; for tests that start them themselves."""
        return {**self.environ, "PYTHONPATH": os.pathsep.join(str(path) for path in self.import_path)}

    def url(self, service: str) -> str:
        """Return the base URL of a bundled service."""
        return f"http://127.0.0.1:{catalog.service(service).port + self.port_offset}"

    def state(self) -> dict[str, Any]:
        """Return run/services.json as it is."""
        document: dict[str, Any] = json.loads((self.root / ".wattos/run/services.json").read_text())
        return document

    def rows(self) -> list[dict[str, Any]]:
        """Return what `ps -o json` lists."""
        listed = self.wattos("ps", "-o", "json")
        assert listed.returncode == 0, listed.stderr
        rows: list[dict[str, Any]] = json.loads(listed.stdout)["services"]
        return rows

    def row(self, service: str, replica: int = 0) -> dict[str, Any]:
        """Return the row of one replica; KeyError if there is none."""
        for row in self.rows():
            if (row["name"], row["replica"]) == (service, replica):
                return row
        raise KeyError(f"{service}-{replica}")

    def configure(self, toml: str) -> None:
        """Write wattos.toml."""
        (self.root / "wattos.toml").write_text(toml)

    def log(self, service: str, replica: int = 0) -> str:
        """Return the log of a replica up to its last whole line."""
        text = (self.root / f".wattos/logs/{service}.{replica}.log").read_text()
        return text[: text.rfind("\n") + 1]


@contextmanager
def running_project(root: Path) -> Iterator[RunningProject]:
    """Yield a project at `root` with ports of its own; whatever was started in it is gone afterwards."""
    runtime = Path(tempfile.mkdtemp(prefix="wx", dir="/tmp"))
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    root.mkdir(parents=True, exist_ok=True)
    with port_offset() as offset:
        environ = {**passed_on, "XDG_RUNTIME_DIR": str(runtime), "WATTOS_PORT_OFFSET": str(offset)}
        project = RunningProject(root, offset, environ)
        try:
            yield project
        finally:
            if (root / ".wattos").exists():
                project.wattos("down")
            shutil.rmtree(runtime, ignore_errors=True)


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Return when `condition()` holds; AssertionError that says `what` did not happen."""
    began_s = time.monotonic()
    deadline = began_s + timeout_s
    while not condition():
        now_s = time.monotonic()
        assert now_s < deadline, f"within {timeout_s} s: {what}"
        # What takes long to find out, as a command does, is asked half of the time: others need the machine.
        time.sleep(min(0.5, max(0.02, now_s - began_s)))
        began_s = time.monotonic()
