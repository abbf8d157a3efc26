"""All that `wattos loadtest run` may know of the command line."""

from dataclasses import dataclass
from pathlib import Path

from wattos_cli.loadtest.plan import Engine


@dataclass(frozen=True)
class Options:
    """What to run, against what, and where the result goes; None means as the scenario says.

    `stages` and `rate` are as they were written; without a `scenario` it is smoke, or all of a `locustfile`.
    `master` and `worker` are addresses, HOST:PORT: where to wait for `workers`, where to find the master.
    """

    scenario: str | None = None
    users: int | None = None
    spawn_rate: float | None = None
    duration_s: float | None = None
    stages: str = ""
    rate: str = ""
    poisson: bool = False
    find_limit: bool = False
    engine: Engine | None = None
    processes: int = 1
    master: str = ""
    workers: int = 1
    worker: str = ""
    ui: bool = False
    model: str = ""
    seed: int = 0
    thresholds: tuple[str, ...] = ()
    abort: bool = True
    quiet: bool = False
    host: str | None = None
    locustfile: Path | None = None
    json_file: Path | None = None
    junit_file: Path | None = None
    report_dir: Path | None = None
