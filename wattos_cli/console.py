"""The streams of one command: data to stdout, everything else to stderr."""

import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TextIO

from wattos_cli.line_breaks import in_lines, width_of

_ENDLESS = 10_000
_PATIENCE_S = 1.0
_CLEAR = "\033[2J"
_HOME = "\033[H"
_TO_END_OF_LINE = "\033[K"
_BELOW = "\033[J"
_CUT_LINES, _WRAP_LINES = "\033[?7l", "\033[?7h"


def terminal_columns(stream: TextIO) -> int:
    """Return the width of the terminal behind `stream`; 0 where there is none, or one that does not know."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 0


@contextmanager
def naming_stdout() -> Iterator[None]:
    """Let an OSError of writing to stdout say so; a closed pipe stays a BrokenPipeError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


class _Page(io.StringIO):
    """What a frame gathers for a terminal."""

    def isatty(self) -> bool:
        return True


class _PassingLine:
    """A line on a terminal that is there only while one waits: what else is written takes its place."""

    def __init__(self, stream: TextIO, width: int, text: str) -> None:
        import threading

        self._stream = stream
        self._width = width
        self._text = text
        self._lock = threading.Lock()
        self._shown = self._over = False

    def show(self) -> None:
        """Write the line, unless the wait is over."""
        with self._lock:
            if not self._over:
                self._shown = True
                self._write(self._text)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the line away for as long as the block writes."""
        with self._lock:
            if self._shown:
                self._write("")
            yield
            if self._shown:
                self._write(self._text)

    def say(self, text: str) -> None:
        """Put `text` in the place of what the line said, now or once it is shown."""
        with self._lock:
            self._text = text
            if self._shown and not self._over:
                self._write(text)

    def end(self) -> None:
        """Take the line away for good."""
        with self._lock:
            self._over = True
            if self._shown:
                self._write("")

    def _write(self, text: str) -> None:
        line = f"{text} …"[: self._width - 1] if text else ""
        self._stream.write(f"\r{line}{_TO_END_OF_LINE}")
        self._stream.flush()


def _untold(_: str) -> None:
    """Say nothing: nobody watches."""


@dataclass
class Console:
    """Where a command writes; `json_output` is set by `-o json`, `color` and `animate` by the terminal."""

    stdout: TextIO
    stderr: TextIO
    color: bool = False
    animate: bool = False
    json_output: bool = False
    width: int = field(default=100)
    _has_frame: bool = field(default=False, init=False)
    _passing: _PassingLine | None = field(default=None, init=False)

    @property
    def table_width(self) -> int:
        """Return the width tables must fit in; 0 (no limit) when stdout is no terminal."""
        return self.width if self.stdout.isatty() else 0

    @property
    def note_width(self) -> int:
        """Return the width notes must fit in; 0 (no limit) when stderr is no terminal."""
        return self.table_width if self.stderr.isatty() else 0

    @property
    def draws(self) -> bool:
        """Return whether a frame is drawn: on a terminal, where no JSON is asked for."""
        return self.animate and self.stdout.isatty() and not self.json_output

    def data(self, text: str) -> None:
        """Write one line of data to stdout."""
        with naming_stdout(), self._aside():
            self.stdout.write(f"{text}\n")

    def json(self, value: Mapping[str, Any]) -> None:
        """Write `value` as one JSON object on one line of stdout."""
        self.data(json.dumps(value, ensure_ascii=False, default=str))

    def require_reader(self) -> None:
        """Raise BrokenPipeError when nobody reads stdout any more, like `head` after its lines.

        For commands that wait for something to write: they would learn it only with the next line.
        """
        import select

        try:
            descriptor = self.stdout.fileno()
        except OSError:
            return
        watch = select.poll()
        watch.register(descriptor, 0)
        if any(event & select.POLLERR for _, event in watch.poll(0)):
            raise BrokenPipeError

    def note(self, text: str) -> None:
        """Write progress, a hint or a summary to stderr."""
        with self._aside():
            self.stderr.write(f"{in_lines(text, self.note_width)}\n")
            self.stderr.flush()

    @contextmanager
    def waiting(self, what: str, after_s: float = _PATIENCE_S) -> Iterator[Callable[[str], None]]:
        """Say on a terminal what is waited for while the block takes longer than `after_s`.

        The block gets what changes that text. Inside it write only by `data`, `json` and `note`. A wait
        within a wait is not told.
        """
        if not self.animate or self._passing is not None:
            yield _untold
            return
        import threading

        self._measure(self.stderr)
        line = self._passing = _PassingLine(self.stderr, self.width, what)
        timer = threading.Timer(after_s, line.show)
        timer.daemon = True
        timer.start()
        try:
            yield line.say
        finally:
            timer.cancel()
            line.end()
            self._passing = None

    def _aside(self) -> AbstractContextManager[None]:
        return nullcontext() if self._passing is None else self._passing.aside()

    @contextmanager
    def frame(self, *, drawn: bool) -> Iterator[None]:
        """Show on a terminal what the block writes in place of the frame before; not `drawn`, as always.

        All at once, when the block ends, and no line is cleared before it is written: nothing flickers. Lines
        below the last one of the screen are left out, and so is what of a line is right of it. Notes are a
        part of it.
        """
        if not (drawn and self.animate and self.stdout.isatty()):
            yield
            self.stdout.flush()
            return
        screen, notes, page = self.stdout, self.stderr, _Page()
        height = self._measure(screen)
        self.stdout = self.stderr = page
        try:
            yield
        finally:
            self.stdout, self.stderr = screen, notes
        lines = page.getvalue().splitlines()
        shown = lines if len(lines) < height else [*lines[: max(height - 2, 0)], "…"]
        start = _HOME if self._has_frame else f"{_CLEAR}{_HOME}"
        body = "".join(f"{self._replacing(line)}\n" for line in shown)
        screen.write(f"{_CUT_LINES}{start}{body}{_BELOW}{_WRAP_LINES}")
        screen.flush()
        self._has_frame = True

    def clear_frame(self) -> bool:
        """Take the frame off the screen and return whether there was one: what follows says more."""
        had_frame, self._has_frame = self._has_frame, False
        if had_frame:
            self.stdout.write(f"{_HOME}{_BELOW}")
            self.stdout.flush()
        return had_frame

    def _replacing(self, line: str) -> str:
        """Return the line with what clears the rest of it, which at the edge would be its last character."""
        return line if width_of(line) >= self.width else f"{line}{_TO_END_OF_LINE}"

    def _measure(self, screen: TextIO) -> int:
        """Take over the terminal's width, which may have changed, and return its height in lines."""
        try:
            columns, height = os.get_terminal_size(screen.fileno())
        except OSError:
            columns = height = 0
        # A terminal that does not know says 0.
        self.width = columns or self.width
        return height or _ENDLESS
