"""Sections of a GitLab job's log: each command that a pipeline runs for its output can be folded there."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

_COMMANDS = frozenset({"up", "down", "health", "logs", "loadtest", "drill"})
_LONG = frozenset({"logs"})
_CLEAR = "\r\033[0K"


@contextmanager
def section(
    args: Sequence[str], environ: Mapping[str, str], stderr: TextIO, clock: Callable[[], float]
) -> Iterator[None]:
    """Mark on `stderr` where the command's output begins and ends, if this is a job of GitLab's.

    Long output is folded from the start. The marks are not data, so stdout stays as it is.
    """
    command = _command(args) if environ.get("GITLAB_CI") == "true" else ""
    if command not in _COMMANDS:
        yield
        return
    name = f"wattos_{command}_{int(clock() * 1000)}"
    folded = "[collapsed=true]" if command in _LONG else ""
    stderr.write(f"section_start:{int(clock())}:{name}{folded}{_CLEAR}wattos {shlex.join(args)}\n")
    stderr.flush()
    try:
        yield
    finally:
        stderr.write(f"section_end:{int(clock())}:{name}{_CLEAR}\n")


def _command(args: Sequence[str]) -> str:
    from wattos_cli.dispatch.globals import VALUE_OPTIONS
    from wattos_cli.dispatch.tree import first_word

    return next(iter(args[first_word(args, VALUE_OPTIONS) :]), "")
