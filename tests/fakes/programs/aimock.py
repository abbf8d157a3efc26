"""aimock (npm `@copilotkit/aimock`), a simulated upstream that others wrote: it speaks many APIs."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / ".venv/npm/node_modules/@copilotkit/aimock/dist/cli.cjs"
NO_NODE = "node is not installed; install it: apt-get install -y nodejs npm"
NO_AIMOCK = "aimock is not installed; install it: make .venv/.npm"
_READY_S = 20.0


@dataclass(frozen=True)
class Aimock:
    """A running aimock at `url`."""

    url: str

    def journal(self) -> list[dict[str, Any]]:
        """Return what it received, the oldest first: path, headers, and the body as aimock understands it."""
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/__aimock/journal", verify=False).json()
        return found

    def forget(self) -> None:
        """Begin with an empty journal."""
        httpx.post(f"{self.url}/__aimock/reset/journal", verify=False).raise_for_status()


@contextmanager
def aimock(folder: Path, fixtures: Sequence[Any]) -> Iterator[Aimock]:
    """Run it on a free port for as long as the block lasts; its files lie in `folder`.

    Each fixture says which question it matches and what is answered; one that none matches is an error.
    """
    node = shutil.which("node")
    assert node, NO_NODE
    assert PROGRAM.is_file(), NO_AIMOCK
    file, log = folder / "fixtures.json", folder / "aimock.log"
    file.write_text(json.dumps({"fixtures": list(fixtures)}), encoding="utf-8")
    argv = [node, str(PROGRAM), "--port", "0", "--fixtures", str(file), "--strict", "--chunk-size", "8"]
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        yield Aimock(_address(process, log))
    finally:
        process.terminate()
        process.wait(_READY_S)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Return the address that it says it listens on."""
    until = time.monotonic() + _READY_S
    while True:
        said = log.read_text(encoding="utf-8")
        if found := re.search(r"listening on (http://\S+)", said):
            return found[1]
        assert process.poll() is None, said
        assert time.monotonic() < until, said
        time.sleep(0.02)
