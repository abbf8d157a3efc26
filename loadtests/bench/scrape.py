"""What being scraped costs a running platform: `python -m loadtests.bench.scrape [SECONDS]`.

Starts the five services in a folder of its own, once as they are and once with `metrics.enabled = false`, and
reads the processor time of the supervisor and of the services over the same time of rest. The difference is
the cost of scraping, on both sides; the bar is one hundredth of a core. The supervisor's memory is compared.
"""

import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.figures import Bar, Verdict
from loadtests.bench.processes import PLATFORM_PATH, cpu_s, own_cpu_s, pss_mb

SECONDS = 60.0
_WATTOS = [sys.executable, "-P", "-m", "wattos_cli"]
_SETTLE_S = 10.0


@dataclass(frozen=True)
class Cost:
    """Processor time in shares of a core, and the supervisor's memory."""

    supervisor: float
    services: float
    pss_mib: float


def measured(seconds: float, *, enabled: bool) -> Cost:
    """Return what a platform at rest costs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "wattos.toml").write_text(f"metrics.enabled = {str(enabled).lower()}\n")
        run(folder, "up", "--port-offset", "auto")
        try:
            time.sleep(_SETTLE_S)
            state = json.loads((folder / ".wattos/run/services.json").read_text())
            supervisor = state["supervisor"]["pid"]
            services = [row["pid"] for row in state["services"]]
            before = own_cpu_s(supervisor), sum(map(cpu_s, services))
            time.sleep(seconds)
            after = own_cpu_s(supervisor), sum(map(cpu_s, services))
            own, theirs = ((late - early) / seconds for early, late in zip(before, after, strict=True))
            return Cost(own, theirs, pss_mb([supervisor]))
        finally:
            with suppress(subprocess.CalledProcessError):
                run(folder, "down")


def run(folder: Path, *argv: str) -> None:
    """Run `wattos` in `folder`; CalledProcessError when it does not end well."""
    environ = {"PYTHONPATH": PLATFORM_PATH, "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    subprocess.run([*_WATTOS, *argv], cwd=folder, env=environ, check=True, capture_output=True, timeout=120)


def main(argv: list[str]) -> int:
    """Measure and print; return 0 when every bar is reached."""
    seconds = float(argv[0]) if argv else SECONDS
    without, scraped = measured(seconds, enabled=False), measured(seconds, enabled=True)
    supervisor = 100 * (scraped.supervisor - without.supervisor)
    services = 100 * (scraped.services - without.services)
    verdicts = [
        Verdict("scraping, both sides, of a core", supervisor + services, Bar(most=1), "%"),
        Verdict("of it the supervisor", supervisor, Bar(most=1), "%"),
        Verdict("of it the services", services, Bar(most=1), "%"),
        Verdict("memory of the supervisor, more", scraped.pss_mib - without.pss_mib, Bar(most=20), "MiB"),
    ]
    print(*verdicts, sep="\n")
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
