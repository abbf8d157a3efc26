"""The streams of one command: data to stdout, everything else to stderr."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO


@dataclass
class Console:
    """Where a command writes; `json_output` is set by `-o json`, `color` and `animate` by the terminal."""

    stdout: TextIO
    stderr: TextIO
    color: bool = False
    animate: bool = False
    json_output: bool = False
    width: int = field(default=100)

    @property
    def table_width(self) -> int:
        """Return the width tables must fit in; 0 (no limit) when stdout is no terminal."""
        return self.width if self.stdout.isatty() else 0

    def data(self, text: str) -> None:
        """Write one line of data to stdout."""
        self.stdout.write(f"{text}\n")

    def json(self, value: Mapping[str, Any]) -> None:
        """Write `value` as one JSON object on one line of stdout."""
        self.stdout.write(f"{json.dumps(value, ensure_ascii=False, default=str)}\n")

    def note(self, text: str) -> None:
        """Write progress, a hint or a summary to stderr."""
        self.stderr.write(f"{text}\n")
        self.stderr.flush()
