"""What a person or a script reads when a command fails, and with which code it ends; used by `__main__`."""

import errno
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from wattos_cli import __version__
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.help import command_path, page
from wattos_cli.line_breaks import in_lines
from wattos_cli.render import ci

_PLAINLY = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "expected a whole number",
    "Input should be a valid number, unable to parse string as a number": "expected a number",
    "Input should be a valid string, unable to parse raw data as a unicode string": "expected UTF-8 text",
}
"""What the library says of a wrong value, and what that means."""
_MISSING = re.compile(r"(?<=^Missing argument )'[^']+'")
"""The argument's name, which the page of help writes in capitals."""
_HINT = "  hint: "
_STORAGE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


def as_wattos_error(failure: Exception, argv: Sequence[str], environ: Mapping[str, str]) -> WattosError:
    """Return the error to show for `failure`; an unforeseen one is written to a crash report first."""
    if isinstance(failure, WattosError):
        return failure
    usage = _as_usage_error(failure, argv) or _as_encoding_error(failure, argv)
    if usage is not None:
        return usage
    if isinstance(failure, OSError) and (failure.filename is not None or failure.errno in _STORAGE):
        return _as_system_error(failure)
    return _as_internal_error(failure, argv, environ)


def _as_usage_error(failure: Exception, argv: Sequence[str]) -> WattosError | None:
    """Return the usage error behind an exception of typer, None for any other exception."""
    typer = sys.modules.get("typer")
    if typer is None:
        return None
    if isinstance(failure, typer.Abort):
        return WattosError("Aborted.", code="aborted", exit_code=ExitCode.NO)
    if not isinstance(failure, typer.TyperException):
        return None
    context = getattr(failure, "ctx", None)
    path = context.command_path if context else " ".join(("wattos", *_known(command_path(argv))))
    message = _MISSING.sub(lambda missing: missing[0].upper(), failure.format_message())
    for theirs, plainly in _PLAINLY.items():
        message = message.replace(theirs, plainly)
    return WattosError(message, hint=f"{path} --help", code="usage", exit_code=ExitCode.USAGE)


def _as_encoding_error(failure: Exception, argv: Sequence[str]) -> WattosError | None:
    """Return the error (exit 2) for a word or a folder whose name is no text, None for anything else."""
    if not isinstance(failure, UnicodeEncodeError):
        return None
    wrong = next(filter(_is_no_text, argv), None)
    if wrong is not None:
        message = f"{wrong!a} on the command line is not UTF-8 text"
        hint = "type it in UTF-8; the terminal's encoding is that of its locale: locale"
    elif _is_no_text(here := os.getcwd()):  # noqa: PTH109 - its name, nothing of the folder
        message, hint = f"the name of the folder {here!a} is not UTF-8 text", "rename it, or: wattos -C DIR"
    else:
        return None
    return WattosError(message, hint=hint, code="usage", exit_code=ExitCode.USAGE)


def _is_no_text(name: str) -> bool:
    """Return whether `name` holds bytes that are no UTF-8, as Python keeps them."""
    return any("\ud800" <= letter <= "\udfff" for letter in name)


def _as_system_error(failure: OSError) -> WattosError:
    """Return the error for a file that cannot be read or written, or a disk that is full."""
    place = f"{failure.filename}: " if failure.filename is not None else ""
    return WattosError(
        f"{place}{failure.strerror}",
        hint="check the path, its permissions and the space on the disk: wattos doctor",
        code="os_error",
        details={"errno": failure.errno, "path": None if failure.filename is None else str(failure.filename)},
    )


def _known(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return `path` if there is such a command, else nothing."""
    return path if page(path) is not None else ()


def _as_internal_error(failure: Exception, argv: Sequence[str], environ: Mapping[str, str]) -> WattosError:
    """Write a crash report (0600, without secrets) and return an error that names its path."""
    import platform
    import tempfile
    import traceback

    from wattos_platform.contracts.redaction import redact_text

    report = "".join(traceback.format_exception(failure))
    lines = [
        f"wattos {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"argv: {list(argv)!r}",
        f"names set in the environment: {sorted(n for n in environ if n.startswith('WATTOS_'))}",
        "",
        report,
    ]
    path = ""
    try:
        descriptor, path = tempfile.mkstemp(prefix="wattos-crash-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(redact_text("\n".join(lines)))
    except OSError as refused:
        path = f"(not written: {refused})"
    return WattosError(
        f"wattos hit a bug in itself: {type(failure).__name__}. Crash report: {path}",
        hint="report it with that file; it contains no secrets",
        code="internal_error",
        exit_code=ExitCode.INTERNAL,
        details={"crash_report": path},
    )


def as_json(error: WattosError) -> str:
    """Return `error` as one line of `wattos.error/v1`."""
    body: dict[str, Any] = {
        "schema": "wattos.error/v1",
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "details": error.details,
    }
    return json.dumps(body, ensure_ascii=False, default=str)


def as_text(error: WattosError, *, color: bool, environ: Mapping[str, str], width: int = 0) -> str:
    """Return `error` for people: what failed, then the next thing to type; in GitHub Actions, annotated.

    Lines that are longer than `width` (0: any length) are broken between sentences.
    It may repeat what a server said: characters that control a terminal are shown as escapes.
    """
    red, plain = ("\033[1;31m", "\033[0m") if color else ("", "")
    lines = [in_lines(f"{red}error:{plain} {_visible(error.message)}", width, " " * len("error: "))]
    if error.hint:
        told = in_lines(_visible(error.hint), width and max(width - len(_HINT), 1))
        lines.append(_HINT + told.replace("\n", f"\n{' ' * len(_HINT)}"))
    lines += _annotations(error, environ)
    return "\n".join(lines)


def _visible(text: str) -> str:
    from wattos_cli.render.safe import visible

    return "\n".join(map(visible, text.split("\n")))


def _annotations(error: WattosError, environ: Mapping[str, str]) -> list[str]:
    """Return annotations for GitHub Actions: one for each place in a file, else one for the whole."""
    found = []
    for problem in error.details.get("problems", ()):
        file, line, column = ([*problem["where"].rsplit(":", 2), "", ""])[:3]
        if line.isdigit() and column.isdigit():
            place = {"file": file, "line": line, "col": column}
            found.append(ci.annotation(environ, "error", "wattos", problem["message"], place))
    found = found or [ci.annotation(environ, "error", "wattos", error.message)]
    return [line for line in found if line]


def wants_json(argv: Sequence[str]) -> bool:
    """Return whether `argv` asks for JSON; read by hand, as parsing itself may fail."""
    joined = {"-ojson", "-o=json", "--output=json"}
    pairs = pairwise(argv)
    return any(a in joined for a in argv) or any(a in {"-o", "--output"} and b == "json" for a, b in pairs)
