"""Files beside the answer, for a pipeline: reports that an option names, and the summary of its job."""

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wattos_cli import replacement
from wattos_cli.deps import Deps
from wattos_cli.errors import WattosError, usage
from wattos_cli.generated import prepare, write
from wattos_cli.named_files import open_to_write


def write_report(deps: Deps, path: Path, text: str) -> None:
    """Write the file that an option like --junit names; WattosError (exit 2) where that may not be done."""
    write(deps.cwd / path, text)


def prepare_report(deps: Deps, path: Path) -> None:
    """Make the folders already, so that no run is lost for want of one; WattosError as `write_report`."""
    prepare(deps.cwd / path)


def require_apart(deps: Deps, read: Mapping[str, Path], written: Mapping[str, Path | None]) -> None:
    """Refuse an option of `written` whose file is one that is `read`, or another one's; WattosError (exit 2).

    A pipe or a device takes several texts.
    """
    taken = {(deps.cwd / path).resolve(): name for name, path in read.items()}
    for option, path in written.items():
        if path is None or ((deps.cwd / path).exists() and not (deps.cwd / path).is_file()):
            continue
        other = taken.setdefault((deps.cwd / path).resolve(), option)
        if other != option:
            raise usage(f"{option} {path} would be written over {other}", f"name another file for {option}")


@dataclass(frozen=True, slots=True)
class Ended:
    """What has ended and with which verdict; `result` is the whole of it in JSON, and `kept_in` such files.

    `again` is how to have its reports once there is room, of a file with the result: `{file}`.
    """

    name: str
    verdict: str
    result: str
    kept_in: Collection[Path]
    again: str


def publish(
    deps: Deps,
    ended: Ended,
    show: Callable[[], None],
    files: Mapping[Path, str],
    *,
    markdown: str,
    annotations: Iterable[str],
) -> None:
    """Have what has ended shown, write its reports, whatever becomes of each, and tell the pipeline of it.

    Reports are written although nobody reads stdout any more.

    WattosError names the files that could not be written, and where the result is instead: on stdout in JSON,
    in the file of another option, or else in one of the temporary folder.
    """
    try:
        show()
        deps.console.stdout.flush()
    finally:
        problems = _written(deps, files)
    whole = [str(path) for path in files if path not in problems]
    if whole:
        deps.console.note(f"written: {', '.join(whole)}")
    add_to_summary(deps, markdown)
    for line in annotations:
        deps.console.note(line)
    if problems:
        why = "; ".join(problems.values())
        raise WattosError(
            f"{ended.name} is over ({ended.verdict}), but its report is not whole: {why}",
            hint=_way_out(deps, ended, problems),
            code="report_not_written",
            details={"files": [str(path) for path in problems], "verdict": ended.verdict},
        )


def _way_out(deps: Deps, ended: Ended, problems: Collection[Path]) -> str:
    """Return where the result is, and what makes reports of it."""
    if deps.console.json_output:
        return f"the result stands on stdout; make room, then {ended.again.format(file='FILE')}"
    kept = [path for path in ended.kept_in if path not in problems and (deps.cwd / path).is_file()]
    file = str(kept[0]) if kept else _spare(deps, ended.result)
    if file is None:
        return "of the result there is nothing but the table: nor is there room in the temporary folder"
    return f"the result is in {file}; make room, then {ended.again.format(file=shlex.quote(file))}"


def _spare(deps: Deps, result: str) -> str | None:
    """Write the result to the temporary folder and return the file's path, None where there is no room."""
    import tempfile

    try:
        folder = Path(deps.environ.get("TMPDIR") or tempfile.gettempdir())
        file = folder / f"wattos-result-{os.urandom(4).hex()}.json"
        replacement.replace(file, result.encode(), 0o600)
    except OSError:
        return None
    return str(file)


def _written(deps: Deps, files: Mapping[Path, str]) -> dict[Path, str]:
    """Write the files, each whatever becomes of the others; return why those cannot be that cannot."""
    problems = {}
    for path, text in files.items():
        try:
            write_report(deps, path, text)
        except WattosError as error:
            problems[path] = error.message
    return problems


def add_to_summary(deps: Deps, markdown: str) -> None:
    """Append to the file of GITHUB_STEP_SUMMARY, if there is one; a note tells when that cannot be done."""
    file = deps.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        with open_to_write(Path(file), append=True) as summary:
            summary.write(markdown)
    except OSError as error:
        deps.console.note(f"GITHUB_STEP_SUMMARY, {file}, cannot be written: {error.strerror}")
