"""What a generator has of the process that started it: its plan, and its end."""

import os

from wattos_cli import parenthood

PLAN_FILE = "WATTOS_LOADTEST_PLAN"
"""The variable that tells the generator where its plan lies; the journal lies beside it."""
JOURNAL = "journal.jsonl"
PARENT = "WATTOS_LOADTEST_PARENT"
"""The variable that tells which process started it."""


def tie_to_parent() -> None:
    """Let this generator end when the process that started it does; called first thing."""
    if PARENT in os.environ:
        parenthood.die_with_parent(int(os.environ[PARENT]))
