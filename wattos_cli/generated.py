"""Files that are generated into a folder: those that differ are written, all are named."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wattos_cli import named_files
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError

FOLDER = Path("dashboards")
"""Where they go, and are looked for, unless another folder is named."""


def generate(deps: Deps, schema: str, out: Path, files: Mapping[str, str]) -> ExitCode:
    """Write every one of `files` that differs below `out`, and name them."""
    folder = deps.cwd / out
    written = [name for name, text in sorted(files.items()) if read(folder / name) != text]
    for name in written:
        write(folder / name, files[name])
    console = deps.console
    if console.json_output:
        console.json({"schema": schema, "folder": str(folder), "files": sorted(files), "written": written})
        return ExitCode.OK
    for name in sorted(files):
        console.data(str(out / name))
    others = ", the others were up to date" if len(written) < len(files) else ""
    console.note(f"{len(written)} of {len(files)} files written{others}")
    return ExitCode.OK


def write(path: Path, text: str) -> None:
    """Write a file whole, and the folders above it; WattosError (exit 2), and the file is as it was."""
    with _refusing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        named_files.write(path, text)


def prepare(path: Path) -> None:
    """Make the folders above a file that is to be written later, if it can be; errors as `write`.

    The file itself stays as it is: nobody knows yet whether there will be anything to write.
    """
    with _refusing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        named_files.require_writable(path)


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WattosError(
            f"cannot write {path}: {error.strerror}",
            hint="name a place that you may write to",
            code="not_writable",
            exit_code=ExitCode.USAGE,
            details={"path": str(path)},
        ) from error


def read(path: Path) -> str | None:
    """Return the text of a file, None when there is none, or no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
