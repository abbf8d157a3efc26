"""How honest the comparison of two runs is: `python -m loadtests.bench.comparison [REPETITIONS]`.

Pairs of runs of a service whose truth is known: equal ones, and ones of which the second is 5, 10 or 20 %
slower. Prints in how many a regression was told; the rates of equal runs are held to 5 % at most, those at
10 % of the runs that carry enough requests to 95 % at least. Exit code 1 when one is missed.
"""

import sys
from dataclasses import dataclass, replace

from loadtests.bench.figures import Bar, Verdict
from loadtests.bench.synthetic_runs import Service, result_of, run
from wattos_cli.loadtest.comparison.compared import compare

REPETITIONS = 400
SLOWER = (1.0, 1.05, 1.1, 1.2)
STEADY = Service()


@dataclass(frozen=True)
class Case:
    """A service under load for so many seconds; `enough` says whether 10 % must be caught."""

    name: str
    service: Service
    seconds: int
    enough: bool


CASES = (
    Case("60 s at 100/s", STEADY, 60, enough=True),
    Case("60 s at 50/s, calm", replace(STEADY, wander=0.03, rate=50), 60, enough=True),
    Case("20 s at 200/s, calm", replace(STEADY, wander=0.03, rate=200), 20, enough=True),
    Case("60 s at 200/s, wandering", replace(STEADY, wander=0.06, memory=0.7, rate=200), 60, enough=False),
    Case("30 s at 50/s", replace(STEADY, rate=50), 30, enough=False),
    Case("20 s at 20/s", replace(STEADY, rate=20), 20, enough=False),
)


@dataclass(frozen=True)
class Rates:
    """The share of pairs in which a regression was told, and of those in which a row was unclear."""

    regression: float
    unclear: float


def rates(service: Service, seconds: int, *, slower: float, repetitions: int) -> Rates:
    """Compare so many pairs of runs, of which the second is `slower` times as slow."""
    then = replace(service, median_ms=service.median_ms * slower)
    told = [
        compare(result_of(run(service, seconds, 2 * seed)), result_of(run(then, seconds, 2 * seed + 1)))
        for seed in range(repetitions)
    ]
    unclear = sum(any(row.verdict == "unclear" for row in one.rows) for one in told)
    return Rates(sum(one.verdict == "regression" for one in told) / repetitions, unclear / repetitions)


def main(repetitions: int) -> int:
    """Measure, print, and return the exit code."""
    verdicts = []
    for case in CASES:
        for slower in SLOWER:
            found = rates(case.service, case.seconds, slower=slower, repetitions=repetitions)
            bar = Bar(most=5) if slower == 1 else Bar(least=95 if case.enough and slower >= 1.1 else 0)  # noqa: PLR2004 - see above
            name = f"{case.name}, {slower - 1:.0%} slower (unclear: {found.unclear:.0%})"
            verdicts.append(Verdict(name, found.regression * 100, bar, "%"))
            print(verdicts[-1], flush=True)
    return 0 if all(verdict.holds for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REPETITIONS))
