"""All that `wattos loadtest run` may know of the command line."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from wattos_cli.loadtest.plan import Engine


@dataclass(frozen=True)
class Options:
    """What to run, against what, and where the result goes; None means as the scenario says.

    `stages` and `rate` are as they were written; without a `scenario` it is smoke, or all of a `locustfile`.
    `max_usd` is what a run on paid models may cost.
    `master` and `worker` are addresses, HOST:PORT: where to wait for `workers`, where to find the master.
    """

    scenario: str | None = None
    users: int | None = None
    spawn_rate: float | None = None
    duration_s: float | None = None
    stages: str | None = None
    rate: str | None = None
    poisson: bool = False
    find_limit: bool = False
    engine: Engine | None = None
    processes: int = 1
    master: str | None = None
    workers: int = 1
    worker: str | None = None
    ui: bool = False
    model: str | None = None
    allow_paid: bool = False
    max_usd: float | None = None
    seed: int = 0
    thresholds: tuple[str, ...] = ()
    baseline: Path | None = None
    allow_other_machine: bool = False
    abort: bool = True
    quiet: bool = False
    host: str | None = None
    locustfile: Path | None = None
    json_file: Path | None = None
    junit_file: Path | None = None
    report_dir: Path | None = None

    @property
    def command(self) -> str:
        """Return the command that means these options, for a report."""
        plain = {
            "--users": self.users,
            "--spawn-rate": self.spawn_rate,
            "--duration": None if self.duration_s is None else f"{self.duration_s:g}s",
            "--stages": self.stages,
            "--rate": self.rate,
            "--engine": self.engine,
            "--processes": self.processes if self.processes > 1 else None,
            "--master": self.master,
            "--workers": self.workers if self.workers > 1 else None,
            "--model": self.model,
            "--max-usd": self.max_usd,
            "--seed": self.seed,
            "--host": self.host,
            "--locustfile": self.locustfile,
            "--baseline": self.baseline,
        }
        words = ["wattos", "loadtest", *([self.scenario] if self.scenario else [])]
        for flag, value in plain.items():
            words += [flag, str(value)] if value else []
        words += [flag for flag, given in self._switches() if given]
        for expression in self.thresholds:
            words += ["--threshold", expression]
        return shlex.join(words)

    def _switches(self) -> tuple[tuple[str, bool], ...]:
        return (
            ("--poisson", self.poisson),
            ("--find-limit", self.find_limit),
            ("--ui", self.ui),
            ("--allow-paid", self.allow_paid),
            ("--no-abort", not self.abort),
            ("--allow-other-machine", self.allow_other_machine),
        )
