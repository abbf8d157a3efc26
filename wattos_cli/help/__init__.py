"""Help and version, answered from generated pages before anything slow is imported.

The pages are written by `python -m wattos_cli.reference` from the command tree; a test fails on a stale one.
Only `os` and `sys` may be imported here: `wattos --help` takes little longer than Python itself.
"""

import os

TYPE_CHECKING = False  # the standard library's constant would cost the import of typing
if TYPE_CHECKING:
    from collections.abc import Sequence

PAGES = os.path.join(os.path.dirname(__file__), "pages")  # noqa: PTH118, PTH120 - pathlib costs 10 ms
_ASKS_HELP = frozenset({"-h", "--help"})
_ASKS_VERSION = frozenset({"-V", "--version"})
_JSON = (["-o", "json"], ["-ojson"], ["--output", "json"], ["--output=json"])
VERBS = {
    "metrics": ("overview", "overview"),
    "loadtest": ("run", "run"),
    "drill": ("list", "run"),
    "alerts": ("list", "list"),
}
"""What a noun without a verb means, and with a name in the verb's place; a test holds it to the tree."""
_TAKES_VALUE = frozenset({"-C", "--directory", "-o", "--output"})


def answer(argv: "Sequence[str]") -> str | None:
    """Return the text that `argv` asks for: help, a topic, the version; None when it asks for a command."""
    words = list(argv[: argv.index("--")] if "--" in argv else argv)
    if words and words[0] in _ASKS_VERSION:
        return _version(as_json=words[1:] in _JSON)
    if not words:
        return page(())
    if words[0] == "help" and words[1:] not in (["-h"], ["--help"]):
        return page(tuple(word for word in words[1:] if word not in _ASKS_HELP))
    if _ASKS_HELP.isdisjoint(words):
        return None
    return page(command_path(words))


def _version(*, as_json: bool) -> str:
    from wattos_cli import __version__

    if as_json:
        return f'{{"schema": "wattos.version/v1", "version": "{__version__}"}}\n'
    return f"wattos {__version__}\n"


def command_path(words: "Sequence[str]") -> tuple[str, ...]:
    """Return the longest command that the leading words name, with options before it left out.

    A noun whose verb is left out is the command that it then means, unless nothing but help is asked of it.
    """
    path: tuple[str, ...] = ()
    index = 0
    while index < len(words):
        word = words[index]
        if (
            path
            and path[0] in VERBS
            and len(path) == 1
            and word not in _ASKS_HELP
            and not _is_page((*path, word))
        ):
            return (*path, _verb(path[0], words[index:]))
        if word in _TAKES_VALUE:
            index += 1
        elif not word.startswith("-"):
            if path and not _is_page((*path, word)):
                break
            path = (*path, word)
        index += 1
    return path


def _leaves_verb_out(path: tuple[str, ...], word: str) -> bool:
    """Return whether `path` is a noun that is a command too, and `word`, which follows, none of its verbs."""
    return len(path) == 1 and path[0] in VERBS and word not in _ASKS_HELP and not _is_page((*path, word))


def _verb(noun: str, given: "Sequence[str]") -> str:
    """Return the verb that is meant by a noun with these words instead of one."""
    index = 0
    while index < len(given) and given[index].startswith("-"):
        index += 2 if given[index] in _TAKES_VALUE else 1
    alone, with_name = VERBS[noun]
    return with_name if index < len(given) else alone


def _is_page(path: tuple[str, ...]) -> bool:
    return os.path.exists(_file(path))  # noqa: PTH110 - see PAGES


def page(path: tuple[str, ...]) -> str | None:
    """Return the help page of a command or topic, or None if there is none."""
    if any(not part.replace("-", "").isalnum() for part in path):
        return None
    try:
        with open(_file(path), encoding="utf-8") as file:  # noqa: PTH123 - see PAGES
            return file.read()
    except OSError:
        return None


def _file(path: tuple[str, ...]) -> str:
    return os.path.join(PAGES, *path[:-1], f"{path[-1] if path else 'wattos'}.txt")  # noqa: PTH118 - see PAGES


def highlighted(text: str) -> str:
    """Return a page with bold headings, for a terminal."""
    return "\n".join(
        f"\033[1m{line}\033[0m" if line.endswith(":") and not line.startswith(" ") else line
        for line in text.split("\n")
    )
