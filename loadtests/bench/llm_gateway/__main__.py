"""What a request through the model gateway costs, side by side with others.

    python -m loadtests.bench.llm_gateway [--rounds 3] [--seconds 4] [--with litellm=PATH,portkey=PATH]

nginx `proxy_pass` and our gateway with everything on (identity, quotas, breaker, rows, metrics, access log,
traceparent), LiteLLM's and Portkey's where their programs are given (`litellm`, Portkey's start-server.js),
over the same upstreams. Each runs on the last core, upstreams and load on the first; needs nginx and wrk. All
are measured in turn within each round, so that a noisy moment hits all; figures are medians over rounds,
ratios and differences those of the same round. Exit code 1 when a bar is missed.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.figures import highest_kept
from loadtests.bench.llm_gateway import report
from loadtests.bench.llm_gateway.contenders import OTHERS, OURS, Contender, contenders
from loadtests.bench.llm_gateway.measures import (
    Entrant,
    entered,
    migrate,
    paced,
    saturated,
    streamed,
    upstreams,
)
from loadtests.bench.llm_gateway.report import DIRECT, Sheet, verdicts
from loadtests.bench.llm_gateway.wire import ANSWER, Aim
from loadtests.bench.processes import stop_cleanly_on_sigterm

STARTS = 5
RUNGS = (50, 200, 400, 800)
LATEST_MS = 25.0
PER_S, PACED_AT_LEAST_S = 100, 5
WARM_UP = (20, 1)  # requests/s, seconds
PROMPT_KB = 32


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    rounds: int
    seconds: int
    programs: Mapping[str, str]


def main(options: Options) -> int:
    """Measure, print, and return the exit code."""
    sheet = Sheet()
    with tempfile.TemporaryDirectory(prefix="wattos-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        ports = stack.enter_context(upstreams(folder, ANSWER))
        taking_part = contenders(folder, ports, options.programs)
        for each in taking_part:
            if each.name == OURS:
                _start_often(each, folder, sheet)
        entrants = []
        for each in taking_part:
            entrant = stack.enter_context(entered(each, folder))
            sheet.add(report.READY, each.name, entrant.ready_s)
            sheet.add(report.IDLE, each.name, entrant.idle_mb)
            entrants.append(entrant)
        direct = (Aim(ports.whole, {}), Aim(ports.timed, {}))
        for number in range(options.rounds):
            _round(sheet, entrants, direct, folder, options.seconds)
            _tell(f"round {number + 1} of {options.rounds} is done")
    names = [each.name for each in entrants]
    print("\n".join(sheet.table([DIRECT, *names])))
    print(f"\n{'figure of ours':52} {'':9} {'':4} {'bar':>9}")
    told = verdicts(sheet, names)
    for verdict in told:
        print(verdict)
    return 0 if all(verdict.holds for verdict in told) else 1


def _start_often(ours: Contender, folder: Path, sheet: Sheet) -> None:
    """Start and stop ours; the last of the starts is the one that is measured on."""
    migrate(ours)
    for _ in range(STARTS - 1):
        with entered(ours, folder) as entrant:
            sheet.add(report.READY, ours.name, entrant.ready_s)
            sheet.add(report.IDLE, ours.name, entrant.idle_mb)


def _round(
    sheet: Sheet, entrants: Sequence[Entrant], direct: tuple[Aim, Aim], folder: Path, seconds: int
) -> None:
    for entrant in entrants:
        paced(entrant.contender.whole, *WARM_UP)  # some take seconds for their first answers
        per_s, cpu_us = saturated(entrant, folder, 32, seconds)
        sheet.add(report.RATE, entrant.name, per_s)
        sheet.add(report.CPU, entrant.name, cpu_us)
        sheet.add(report.SMALL, entrant.name, saturated(entrant, folder, 16, seconds)[0])
        sheet.add(report.LARGE, entrant.name, saturated(entrant, folder, 16, seconds, PROMPT_KB)[0])
        sheet.add(report.LOADED, entrant.name, entrant.pss_mb())
    _paced(sheet, DIRECT, direct[0], seconds)
    for entrant in entrants:
        _paced(sheet, entrant.name, entrant.contender.whole, seconds)
    _climb(sheet, DIRECT, direct[1])
    for entrant in entrants:
        _climb(sheet, entrant.name, entrant.contender.streamed)
        sheet.add(report.LOADED, entrant.name, entrant.pss_mb())


def _paced(sheet: Sheet, name: str, aim: Aim, seconds: int) -> None:
    told = paced(aim, PER_S, max(seconds, PACED_AT_LEAST_S))
    if told.failed:
        _tell(f"{name}: of {told.whole + told.failed} requests at {PER_S}/s failed {told.faults}")
    sheet.add(report.P50, name, told.p50)
    sheet.add(report.P99, name, told.p99)


def _climb(sheet: Sheet, name: str, aim: Aim) -> None:
    """Read more streams at once until their chunks come late."""
    streamed(aim, 3, 1)
    rungs: list[tuple[int, bool]] = []
    for lanes in RUNGS:
        told = streamed(aim, lanes)
        on_time = not told.failed and told.p99 <= LATEST_MS
        rungs.append((lanes, on_time))
        _tell(
            f"{name}: {lanes} streams, chunk delay p50 {told.p50:.2f} ms, p99 {told.p99:.2f} ms, "
            f"not whole: {told.faults or 0}"
        )
        if lanes == RUNGS[0]:
            sheet.add(report.FIRST, name, told.first_p50)
        if not on_time:
            break
    sheet.add(report.STREAMS, name, highest_kept(rungs))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parsed(argv: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.bench.llm_gateway",
        description=(__doc__ or "").splitlines()[0],
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement at saturation")
    parser.add_argument(
        "--with", dest="programs", default="", metavar="NAME=PATH,...", help=f"of {', '.join(OTHERS)}"
    )
    given = parser.parse_args(argv)
    programs = dict(pair.partition("=")[::2] for pair in given.programs.split(",") if pair)
    for name, path in programs.items():
        if name not in OTHERS or not Path(path).exists():
            parser.error(f"--with {name}={path}: give the path of {' or '.join(OTHERS)}, like litellm=PATH")
    return Options(given.rounds, given.seconds, programs)


if __name__ == "__main__":
    stop_cleanly_on_sigterm()
    sys.exit(main(_parsed()))
