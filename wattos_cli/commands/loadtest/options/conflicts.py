"""Options that contradict each other, and who works together with whom."""

import os
import re
from pathlib import Path

from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.errors import usage
from wattos_cli.loadtest.fast.loading import needs_locust
from wattos_cli.loadtest.plan import Crew, Engine

UI_PORT = 8089
"""Where Locust shows its page by default."""
_ADDRESS = re.compile(r"[A-Za-z0-9._-]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")
_HIGHEST_PORT = 65535
_CLASHES = (
    ("--stages", "--rate", "users come in stages, or arrivals by a rate: choose one"),
    ("--stages", "--users", "the stages say how many users"),
    ("--stages", "--spawn-rate", "the stages say how fast users come"),
    ("--rate", "--spawn-rate", "users are there from the start, arrivals come by the rate"),
    ("--master", "--worker", "one command is one or the other"),
    ("--engine fast", "--processes", "it is one process: several are Locust's"),
    ("--master", "--processes", "the workers' own commands say how many processes each has"),
    *(
        ("--engine fast", name, "only Locust works in a crew and has a page")
        for name in ("--master", "--worker", "--ui")
    ),
    *(
        ("--find-limit", name, "it is one run after the other")
        for name in ("--stages", "--ui", "--master", "--worker", "--baseline")
    ),
    ("--worker", "--baseline", "the master compares"),
    ("--worker", "--ui", "the page is the master's"),
)
"""Which options contradict each other, and why."""
_MOST_EACH = 4
"""Processes that a processor is given at most: more make no more load, only less memory."""


def refuse_conflicts(opts: Options) -> None:
    """Raise WattosError (exit 2) for options that are empty, contradict each other, or need another."""
    _refuse_empty(opts)
    given = _given(opts)
    for one, other, why in (*_CLASHES, *_timed_twice(opts)):
        if given[one] and given[other]:
            raise usage(f"{one} and {other} contradict each other", why)
    _require_what_they_are_for(opts)


def refuse_foreign_file(engine: Engine, locustfile: Path) -> None:
    """Raise WattosError (exit 2) for an engine that cannot run the file."""
    if engine == "fast" and needs_locust(locustfile):
        raise usage(
            f"--engine fast runs journeys, and {locustfile} is written for Locust",
            "leave the option out, or write its users as journeys: docs/how-to/load-tests.md",
        )


def _refuse_empty(opts: Options) -> None:
    """Raise WattosError (exit 2) for a value that is none: a variable that is not set is no other load."""
    texts = {
        "--stages": opts.stages,
        "--rate": opts.rate,
        "--master": opts.master,
        "--worker": opts.worker,
        "--model": opts.model,
    }
    for option, text in texts.items():
        if text is not None and not text.strip():
            raise usage(f"{option} has an empty value", "give it one, or leave the option out")


def _given(opts: Options) -> dict[str, bool]:
    """Return which of the options that can contradict others were given."""
    return {
        "--users": opts.users is not None,
        "--spawn-rate": opts.spawn_rate is not None,
        "--duration": opts.duration_s is not None,
        "--rate": bool(opts.rate),
        "--stages": bool(opts.stages),
        "--master": bool(opts.master),
        "--worker": bool(opts.worker),
        "--processes": opts.processes != 1,
        "--ui": opts.ui,
        "--find-limit": opts.find_limit,
        "--baseline": opts.baseline is not None,
        "--engine fast": opts.engine == "fast",
    }


def _timed_twice(opts: Options) -> list[tuple[str, str, str]]:
    texts = {"--stages": opts.stages, "--rate": opts.rate}
    timed = [name for name, text in texts.items() if text and ":" in text]
    return [(name, "--duration", f"the times stand in {name}") for name in timed]


def _require_what_they_are_for(opts: Options) -> None:
    if opts.poisson and not (opts.rate or opts.find_limit):
        raise usage("--poisson is a way of arriving, and no rate is given", "like this: --rate 50 --poisson")
    most = _MOST_EACH * (os.cpu_count() or 1)
    if not 1 <= opts.processes <= most:
        raise usage(f"--processes {opts.processes}: expected 1 to {most}", "one process for each processor")
    if opts.allow_other_machine and opts.baseline is None:
        raise usage("--allow-other-machine is for --baseline", "like this: --baseline main.json")
    if opts.workers < 1:
        raise usage(f"--workers {opts.workers}: expected 1 or more", "so many come to --master")
    if opts.workers != 1 and not opts.master:
        raise usage("--workers is for --master", "within one machine: --processes N")


def crew(opts: Options) -> Crew:
    """Return who works together over several machines; WattosError (exit 2) for an address that is none."""
    for option, address in (("--master", opts.master), ("--worker", opts.worker)):
        if address and not _is_address(address):
            raise usage(f"{option} {address}: expected HOST:PORT", f"like this: {option} 10.0.0.5:5557")
    if opts.master:
        return Crew("master", opts.master, opts.workers)
    return Crew("worker", opts.worker) if opts.worker else Crew()


def _is_address(text: str) -> bool:
    return bool(_ADDRESS.fullmatch(text)) and int(text.rpartition(":")[2]) <= _HIGHEST_PORT
