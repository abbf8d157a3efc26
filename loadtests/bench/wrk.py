"""Saturation: wrk posts one body over and over, on as many connections as it is told."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.processes import load_core, pinned

_SCRIPT = """wrk.method = "POST"
local file = assert(io.open({body}, "rb"))
wrk.body = file:read("*a")
file:close()
{headers}
done = function(s) io.write(string.format("REQUESTS %d %d %d\\n", s.requests, s.duration,
  s.errors.status + s.errors.connect + s.errors.read + s.errors.write + s.errors.timeout)) end
"""


@dataclass(frozen=True)
class Load:
    """How many requests were answered in how many seconds."""

    requests: int
    seconds: float

    @property
    def per_s(self) -> float:
        """Return the answers per second."""
        return self.requests / self.seconds


@dataclass(frozen=True)
class Target:
    """Where wrk sends what."""

    url: str
    headers: Mapping[str, str]
    body: bytes


def saturate(target: Target, folder: Path, connections: int, seconds: int) -> Load:
    """Send as fast as answers come; the script lies in `folder`. SystemExit if any request failed."""
    body, script = folder / "wrk.body", folder / "wrk.lua"
    body.write_bytes(target.body)
    headers = "\n".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in target.headers.items()
    )
    script.write_text(_SCRIPT.format(body=json.dumps(str(body)), headers=headers), encoding="utf-8")
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(script)]
    done = subprocess.run(
        pinned([*argv, target.url], load_core()),
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    requests, took_us, failed = (int(word) for word in done.stdout.partition("REQUESTS ")[2].split()[:3])
    if failed or not requests:
        raise SystemExit(f"{target.url}: {failed} of {requests} requests failed\n{done.stdout}")
    return Load(requests, took_us / 1e6)
