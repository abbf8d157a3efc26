"""The built-in drills, and those that a person has written."""

from collections.abc import Sequence
from pathlib import Path

from wattos_cli.config.problems import suggestion
from wattos_cli.drills.drill import Drill
from wattos_cli.drills.files.built_in import built_in_files
from wattos_cli.drills.files.reading import read_drill
from wattos_cli.errors import usage

_SUFFIX = ".toml"
_NAME_A_FILE = "name a drill's file, or a built-in one: wattos drill list"


def drills_called(words: Sequence[str], cwd: Path) -> list[Drill]:
    """Return the drill of each word, which is a built-in one's name or the path of a file.

    WattosError: exit 2 for what is neither, exit 3 for a file with mistakes.
    """
    return [read_drill(file_of(word, cwd)) for word in words]


def file_of(word: str, cwd: Path) -> Path:
    """Return the file of a built-in drill's name, or of a path; WattosError (exit 2) for what is neither."""
    known = built_in_files()
    if word in known:
        return known[word]
    path = cwd / word
    if path.is_file() or path.is_fifo():
        return path
    if path.is_dir():
        raise usage(f"{word} is a folder, not a drill's file", _NAME_A_FILE)
    if path.exists():
        raise usage(f"{word} is neither a file nor a pipe", _NAME_A_FILE)
    if "/" in word or word.endswith(_SUFFIX):
        raise usage(f"there is no file {word}", _NAME_A_FILE)
    raise usage(
        f"there is no drill {word!r}.{suggestion(word, known)}",
        "see them with: wattos drill list   (one of your own: its path, like ./my.toml)",
    )
