"""argv in, exit code out: the only place where an error becomes text and a code."""

import os
import sys

from wattos_cli.help import answer, highlighted

TYPE_CHECKING = False  # the standard library's constant would cost the import of typing
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType
    from typing import TextIO


def main(argv: "Sequence[str] | None" = None, execute: "Callable[[list[str]], int] | None" = None) -> int:
    """Run `wattos` and return its exit code; help is answered before anything slow is imported.

    `execute` runs the command; the tree of `wattos_cli.app` unless a test gives its own.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    _prepare_streams()
    try:
        text = None if "_WATTOS_COMPLETE" in os.environ else answer(args)
        code = _guarded(args, execute) if text is None else _print(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_stdout()
        return 0
    except OSError as error:  # from the last flush: what is left cannot be delivered
        _leave_stdout()
        sys.stderr.write(f"error: cannot write to stdout: {error.strerror}\n")
        return 1
    return code


def _prepare_streams() -> None:
    """Replace closed streams, and let no file name or locale end in an encoding error."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - for good
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _print(text: str) -> int:
    """Write a help page."""
    sys.stdout.write(highlighted(text) if _takes_color(sys.stdout) else text)
    return 0


def _takes_color(stream: "TextIO") -> bool:
    """Return whether `stream` is a terminal that shows colours, and nobody asked for none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _guarded(args: list[str], execute: "Callable[[list[str]], int] | None") -> int:
    """Run the command and return its code, with every failure told on stderr."""
    import time

    from wattos_cli.dispatch import failures
    from wattos_cli.dispatch.sections import section
    from wattos_cli.errors import ExitCode, Terminated

    _watch_signals(Terminated)
    try:
        if execute is None:
            from wattos_cli import app

            execute = app.execute
        with section(args, os.environ, sys.stderr, time.time):
            return int(execute(args))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return int(ExitCode.INTERRUPTED)
    except Terminated:
        return int(ExitCode.TERMINATED)
    except BrokenPipeError:
        raise
    except Exception as failure:  # noqa: BLE001 - the last resort: everything unforeseen is a bug, exit 70
        if type(failure).__name__ == "Exit" and hasattr(failure, "exit_code"):
            return int(failure.exit_code)  # typer's way of saying that --help was answered
        error = failures.as_wattos_error(failure, args, os.environ)
        _tell(error, as_json=failures.wants_json(args))
        return int(error.exit_code)


def _tell(error: "Exception", *, as_json: bool) -> None:
    """Write `error` to stderr; data already on its way to stdout is delivered first."""
    from wattos_cli.console import terminal_columns
    from wattos_cli.dispatch import failures
    from wattos_cli.errors import WattosError

    assert isinstance(error, WattosError)  # noqa: S101 - narrows the lazily imported type
    try:
        sys.stdout.flush()
    except OSError:
        _leave_stdout()
    if as_json:
        text = failures.as_json(error)
    else:
        color, width = _takes_color(sys.stderr), terminal_columns(sys.stderr)
        text = failures.as_text(error, color=color, environ=os.environ, width=width)
    sys.stderr.write(f"{text}\n")


def _watch_signals(terminated: type[BaseException]) -> None:
    """Let SIGTERM and the first Ctrl-C unwind the command, and the second Ctrl-C end it at once."""
    import signal

    def on_interrupt(_signal: int, _frame: "FrameType | None") -> None:
        signal.signal(signal.SIGINT, lambda _s, _f: os._exit(130))
        raise KeyboardInterrupt

    def on_terminate(_signal: int, _frame: "FrameType | None") -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise terminated

    signal.signal(signal.SIGINT, on_interrupt)
    signal.signal(signal.SIGTERM, on_terminate)


def _leave_stdout() -> None:
    """Point stdout to nowhere, so that the interpreter's own last flush finds no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    sys.exit(main())
