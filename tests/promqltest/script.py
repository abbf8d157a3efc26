"""Scripts as commands: load samples, clear them, evaluate an expression and expect an answer."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.promqltest.notation import Sequences, milliseconds, number, series

_LOAD = re.compile(r"load(?P<native>_with_nhcb)?\s+(?P<step>\S+)$")
_INSTANT = re.compile(r"eval(?:_(?P<mode>\w+))?\s+instant\s+(?:at\s+(?P<at>\S+)\s+)?(?P<expression>.+)$")
_RANGE = re.compile(
    r"eval(?:_(?P<mode>\w+))?\s+range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)\s+step\s+(?P<step>\S+)\s+"
    r"(?P<expression>.+)$"
)
_EXPECT_RANGE = re.compile(r"expect range vector from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$")
_EXPECT = re.compile(
    r"expect\s+(?P<what>ordered|fail|warn|no_warn|info|no_info)(?:\s+(?P<how>regex|msg):(?P<text>.+))?$"
)


@dataclass(frozen=True)
class Clear:
    """Forget all samples."""


@dataclass(frozen=True)
class Load:
    """Add samples, one each `step_ms` from time 0; `native`: also as native histograms."""

    step_ms: int
    series: Sequence[Sequences]
    native: bool


@dataclass(frozen=True)
class Remark:
    """An error or annotation that is expected: its text, a pattern for it, or any."""

    text: str | None = None
    pattern: str | None = None

    def matches(self, actual: str) -> bool:
        """Return whether `actual` is what was expected."""
        if self.text is not None:
            return actual == self.text
        return self.pattern is None or re.search(self.pattern, actual) is not None


@dataclass
class Evaluation:
    """Evaluate `expression` and compare; `line` counts from 1. Times are in milliseconds."""

    line: int
    expression: str
    start_ms: int
    end_ms: int
    step_ms: int
    is_range: bool
    remarks: dict[str, list[Remark]] = field(default_factory=dict)
    vector_range: tuple[int, int] | None = None
    text: str | None = None
    scalar: float | None = None
    series: list[Sequences] = field(default_factory=list)

    def expects(self, what: str) -> bool:
        """Return whether `what` (fail, ordered, warn, ...) is expected."""
        return what in self.remarks


Command = Clear | Load | Evaluation


def commands(text: str) -> Iterator[Command]:
    """Yield the commands of a script; ValueError names the line that is none."""
    lines = [("" if line.strip().startswith("#") else line.strip()) for line in text.split("\n")]
    index = 0
    while index < len(lines):
        head, index = lines[index], index + 1
        if not head:
            continue
        body = []
        if head != "clear":
            while index < len(lines) and lines[index]:
                body.append(lines[index])
                index += 1
        try:
            yield _command(head, body, index - len(body))
        except ValueError as error:
            raise ValueError(f"line {index - len(body)}: {error}") from error


def _command(head: str, body: Sequence[str], line: int) -> Command:
    if head == "clear":
        return Clear()
    load = _LOAD.match(head)
    if load:
        return Load(milliseconds(load["step"]), [series(one) for one in body], bool(load["native"]))
    evaluation = _evaluation(head, line)
    for one in body:
        if not _remark(evaluation, one):
            _answer(evaluation, one)
    return evaluation


def _evaluation(head: str, line: int) -> Evaluation:
    found = _INSTANT.match(head)
    if found:
        at = milliseconds(found["at"] or "0")
        evaluation = Evaluation(line, found["expression"], at, at, 1, is_range=False)
    else:
        found = _RANGE.match(head)
        if not found:
            raise ValueError("expected load, clear or eval")
        times = (milliseconds(found[name]) for name in ("start", "end", "step"))
        evaluation = Evaluation(line, found["expression"], *times, is_range=True)
    if found["mode"]:
        evaluation.remarks[found["mode"]] = [Remark()]
    return evaluation


def _remark(evaluation: Evaluation, line: str) -> bool:
    """Take an `expect` line; return whether it was one."""
    vector = _EXPECT_RANGE.match(line)
    if vector:
        start, _, step = map(milliseconds, vector.groups())
        evaluation.vector_range = (start, step)
        return True
    if line.startswith("expect string "):
        evaluation.text = _unquoted(line.removeprefix("expect string "))
        return True
    found = _EXPECT.match(line)
    if found is None:
        return False
    text = found["text"] and found["text"].strip()
    remark = Remark(text if found["how"] == "msg" else None, text if found["how"] == "regex" else None)
    evaluation.remarks.setdefault(found["what"], []).append(remark)
    return True


def _answer(evaluation: Evaluation, line: str) -> None:
    try:
        evaluation.scalar = number(line)
    except ValueError:
        evaluation.series.append(series(line))


def _unquoted(text: str) -> str:
    return text[1:-1] if text.startswith("`") else str(ast.literal_eval(text))
