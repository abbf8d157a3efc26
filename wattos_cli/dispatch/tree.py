"""The shape of the command tree, without typer: names, modules and one-line summaries."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One command (`module` has `command(run=run)`), or a noun with verbs (`children`, then no module).

    `default_verb` is what `wattos NOUN ARGS` means when the first argument is no verb, and `naming_verb`, if
    there is one, what it means with a name in it; `section` is the heading under which `wattos --help` lists
    it.
    """

    name: str
    summary: str
    module: str = ""
    children: "tuple[Entry, ...]" = ()
    default_verb: str = ""
    naming_verb: str = ""
    section: str = ""


def with_default_verb(argv: Sequence[str], tree: Sequence[Entry], value_options: frozenset[str]) -> list[str]:
    """Return `argv` with the default verb put in where a noun is used without one.

    `loadtest smoke --users 5` becomes `loadtest run smoke --users 5`. `value_options` are the global options
    that take a value, so that `-C ps loadtest` is not taken for the command `ps`.
    """
    position = first_word(argv, value_options)
    entry = next((e for e in tree if position < len(argv) and e.name == argv[position]), None)
    if entry is None or not entry.default_verb:
        return list(argv)
    after = position + 1
    if after < len(argv) and argv[after] in {child.name for child in entry.children} | {"--help", "-h"}:
        return list(argv)
    given = list(argv[after:])
    names = first_word(given, value_options) < len(given)
    verb = entry.naming_verb if names and entry.naming_verb else entry.default_verb
    return [*argv[:after], verb, *given]


def first_word(argv: Sequence[str], value_options: frozenset[str]) -> int:
    """Return the index of the first argument that is neither a global option nor its value."""
    index = 0
    while index < len(argv) and argv[index].startswith("-"):
        index += 2 if argv[index] in value_options else 1
    return index
