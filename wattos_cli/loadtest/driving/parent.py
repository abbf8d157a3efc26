"""What a generator has of the process that started it: its plan, and its end."""

import os
from functools import cache
from pathlib import Path

from wattos_cli import prctl
from wattos_cli.loadtest.plan import Plan

PLAN_FILE = "WATTOS_LOADTEST_PLAN"
"""The variable that tells the generator where its plan lies; the journal lies beside it."""
JOURNAL = "journal.jsonl"
PARENT = "WATTOS_LOADTEST_PARENT"
"""The variable that tells which process started it."""


@cache
def handed_plan(path: Path) -> Plan:
    """Return the plan that lies at `path`, and remove the file: its tokens are not left lying about.

    Whoever asks again gets what was read the first time, in processes that are forked from this one too.
    """
    plan = Plan.load(path.read_text(encoding="utf-8"))
    path.unlink()
    return plan


def tie_to_parent() -> None:
    """Let this generator end when the process that started it does; called first thing."""
    if PARENT in os.environ:
        prctl.die_with_parent(int(os.environ[PARENT]))
