"""How honest the comparison of two runs is: `python -m loadtests.bench.comparison [REPETITIONS]`.

Pairs of runs of services whose truth is known: equal ones, and ones of which the second is 5, 10 or 20 %
slower, in all its names or in one of five. Prints in how many a regression was told; the rates of equal runs
are held to 5 % at most, those at 10 % of the runs that carry enough requests to 95 % at least. Exit code 1
when one is missed.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from loadtests.bench.figures import Bar, Verdict
from loadtests.bench.synthetic_runs import Service, mixed_run, result_of
from wattos_cli.loadtest.comparison.compared import compare

REPETITIONS = 400
SLOWER = (1.0, 1.05, 1.1, 1.2)
_CAUGHT = 1.1
STEADY = Service()
WANDERING = replace(STEADY, wander=0.06, memory=0.7, rate=200)
_DIFFERENT = {
    "GET /a": replace(STEADY, median_ms=6, spread=0.3, rate=40),
    "GET /b": replace(STEADY, median_ms=38, spread=0.35, rate=30),
    "GET /c": replace(STEADY, rate=15),
    "GET /d": replace(STEADY, median_ms=210, spread=0.45, wander=0.05, rate=10),
    "GET /e": replace(STEADY, median_ms=420, spread=0.5, wander=0.06, rate=5),
}


def names_of(service: Service, count: int = 1) -> dict[str, Service]:
    """Return the requests a second of a service, shared among so many names that are equal."""
    one = replace(service, rate=service.rate / count)
    return {f"GET /{number}": one for number in range(count)}


@dataclass(frozen=True)
class Case:
    """Services by name under load for so many seconds; `enough` says whether 10 % must be caught."""

    name: str
    services: Mapping[str, Service]
    seconds: int
    enough: bool


CASES = (
    Case("60 s at 100/s", names_of(STEADY), 60, enough=True),
    Case("60 s at 50/s, calm", names_of(replace(STEADY, wander=0.03, rate=50)), 60, enough=True),
    Case("20 s at 200/s, calm", names_of(replace(STEADY, wander=0.03, rate=200)), 20, enough=True),
    Case("60 s at 200/s, wandering", names_of(WANDERING), 60, enough=False),
    Case("30 s at 50/s", names_of(replace(STEADY, rate=50)), 30, enough=False),
    Case("20 s at 20/s", names_of(replace(STEADY, rate=20)), 20, enough=False),
    Case("60 s at 100/s, 5 names", names_of(STEADY, 5), 60, enough=True),
    Case(
        "20 s at 200/s, calm, 5 names", names_of(replace(STEADY, wander=0.03, rate=200), 5), 20, enough=True
    ),
    Case("60 s at 200/s, wandering, 5 names", names_of(WANDERING, 5), 60, enough=False),
    Case("60 s at 100/s, 5 different names", _DIFFERENT, 60, enough=False),
    Case("30 s at 50/s, 5 names", names_of(replace(STEADY, rate=50), 5), 30, enough=False),
    Case("60 s at 400/s, 20 names", names_of(replace(STEADY, rate=400), 20), 60, enough=False),
)


@dataclass(frozen=True)
class Rates:
    """The shares of pairs: with a regression, with one of a name (of `one`), with a row that was unclear."""

    regression: float
    named: float
    unclear: float


def rates(
    services: Mapping[str, Service], seconds: int, *, slower: float, repetitions: int, one: str = ""
) -> Rates:
    """Compare so many pairs of runs, of which the second is `slower` times as slow, or one name of it."""
    then = {
        name: replace(service, median_ms=service.median_ms * (slower if one in {"", name} else 1.0))
        for name, service in services.items()
    }
    told = [
        compare(
            result_of(mixed_run(services, seconds, 2 * seed)),
            result_of(mixed_run(then, seconds, 2 * seed + 1)),
        )
        for seed in range(repetitions)
    ]
    named = sum(
        any(row.verdict == "regression" and one in {"", row.name} for row in each.by_name) for each in told
    )
    unclear = sum(any(row.verdict == "unclear" for row in each.rows) for each in told)
    regression = sum(each.verdict == "regression" for each in told)
    return Rates(regression / repetitions, named / repetitions, unclear / repetitions)


def measured(case: Case, slower: float, repetitions: int, *, one: str = "") -> Verdict:
    """Return what was found of runs of which all names, or one, are so much slower; hold it to its bar."""
    found = rates(case.services, case.seconds, slower=slower, repetitions=repetitions, one=one)
    must = case.enough and slower >= _CAUGHT and not one
    bar = Bar(most=5) if slower == 1 else Bar(least=95 if must else 0)
    whose = f", {one} alone" if one else ""
    known = f"by name: {found.named:.0%}, unclear: {found.unclear:.0%}"
    name = f"{case.name}, {slower - 1:.0%} slower{whose} ({known})"
    return Verdict(name, found.regression * 100, bar, "%")


def main(repetitions: int) -> int:
    """Measure, print, and return the exit code."""
    verdicts = []
    for case in CASES:
        middle = sorted(case.services)[len(case.services) // 2] if len(case.services) > 1 else ""
        kinds = [(slower, "") for slower in SLOWER]
        kinds += [(slower, middle) for slower in SLOWER if middle and slower >= _CAUGHT]
        for slower, one in kinds:
            verdicts.append(measured(case, slower, repetitions, one=one))
            print(verdicts[-1], flush=True)
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS))
