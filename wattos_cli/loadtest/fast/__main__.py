"""Run the plan that WATTOS_LOADTEST_PLAN names; the journal lies beside it."""

import gc
import os
import resource
import sys
from pathlib import Path

import uvloop

from wattos_cli.loadtest.driving.parent import JOURNAL, PLAN_FILE, handed_plan, tie_to_parent
from wattos_cli.loadtest.driving.stderr import write_line
from wattos_cli.loadtest.fast.loading import LoadingError, journeys
from wattos_cli.loadtest.fast.run import Run
from wattos_cli.loadtest.measuring.journal import Journal


def main() -> int:
    """Return the exit code: 0 once the journal has its ending."""
    tie_to_parent()
    path = Path(os.environ[PLAN_FILE])
    plan = handed_plan(path)
    if plan.processes > 1:
        write_line("the fast engine is one process; several are Locust's: --engine locust")
        return 1
    try:
        weights = journeys(plan.locustfile, plan.journeys)
    except LoadingError as error:
        write_line(str(error))
        return 1
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection for each user
    gc.freeze()  # what is loaded stays: the collector need not look at it again and again

    async def run() -> int:
        return await Run(plan, weights, Journal(path.with_name(JOURNAL))).whole()

    return uvloop.run(run())


if __name__ == "__main__":
    sys.exit(main())
