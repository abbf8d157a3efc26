"""Runs scripts against the engine, as upstream's runner does, and tells what became of each evaluation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.fakes.metrics.series import SeriesInMemory
from tests.promqltest.compare import Mismatch, check_answer, check_remarks
from tests.promqltest.notation import Other, Sequences
from tests.promqltest.pinned import pinned_times, pinned_to
from tests.promqltest.script import Clear, Evaluation, Load, commands
from wattos_cli.metricstore.promql.engine import Engine, Result
from wattos_cli.metricstore.promql.errors import PromqlError
from wattos_cli.metricstore.promql.nodes import Node
from wattos_cli.metricstore.promql.parse import parse
from wattos_cli.metricstore.promql.steps import Span
from wattos_cli.metricstore.series import NAME, Labels, Matcher, Series

Status = Literal["passed", "failed", "native histogram"]
_CLASSIC = ("_bucket", "_count", "_sum")
_MINUTE_MS = 60_000


@dataclass(frozen=True)
class Outcome:
    """What became of the evaluation at `line`; `reason` quotes nothing of the script."""

    line: int
    status: Status
    reason: str = ""


class _Storage:
    """The samples of a script; of native histograms only where they are, and whether one was asked for."""

    def __init__(self) -> None:
        self.touched = False
        self._floats = SeriesInMemory()
        self._native = SeriesInMemory()

    def clear(self) -> None:
        self._floats.clear()
        self._native.clear()

    def load(self, load: Load) -> None:
        for one in load.series:
            floats = [
                (n * load.step_ms, value) for n, value in enumerate(one.values) if isinstance(value, float)
            ]
            natives = [(n * load.step_ms, 0.0) for n, value in enumerate(one.values) if value is Other.NATIVE]
            self._floats.add(one.labels, floats)
            self._native.add(one.labels, natives)
            if load.native and _base(one.labels) is not None:
                self._native.add(_base(one.labels) or (), [(time, 0.0) for time, _ in floats])

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> Iterator[Series]:
        self.touched = self.touched or any(True for _ in self._native.select(matchers, start_ms, end_ms))
        return self._floats.select(matchers, start_ms, end_ms)


def run(script: str) -> Iterator[Outcome]:
    """Yield the outcome of each evaluation of `script`, in order."""
    storage = _Storage()
    engine = Engine(storage)
    for command in commands(script):
        match command:
            case Clear():
                storage.clear()
            case Load():
                storage.load(command)
            case Evaluation():
                yield _outcome(engine, storage, command)


def _outcome(engine: Engine, storage: _Storage, evaluation: Evaluation) -> Outcome:
    storage.touched = _expects_native(evaluation.series)
    reason = ""
    try:
        _evaluate(engine, evaluation)
    except Mismatch as mismatch:
        reason = str(mismatch)
    if storage.touched:
        return Outcome(evaluation.line, "native histogram")
    return Outcome(evaluation.line, "failed" if reason else "passed", reason)


def _evaluate(engine: Engine, evaluation: Evaluation) -> None:
    """Raise Mismatch unless the engine gives what is expected: at once, pinned by @, and within a range."""
    expression = evaluation.expression
    try:
        node = parse(expression)
    except PromqlError as error:
        _check_failure(evaluation, error)
        return
    if evaluation.is_range:
        span = Span(evaluation.start_ms, evaluation.end_ms, evaluation.step_ms)
        _check(evaluation, lambda: engine.range_of(node, expression, span))
        return
    at_ms = evaluation.start_ms
    _instant(engine, evaluation, node, at_ms)
    pinned = pinned_to(node, at_ms)
    if pinned is not None:
        for other_ms in pinned_times(at_ms):
            _instant(engine, evaluation, pinned, other_ms)


def _instant(engine: Engine, evaluation: Evaluation, node: Node, at_ms: int) -> None:
    expression = evaluation.expression
    result = _check(evaluation, lambda: engine.instant_of(node, expression, at_ms))
    if result is None or result.kind not in ("scalar", "vector") or _depends_on_query(expression):
        return
    span = Span(at_ms - _MINUTE_MS, at_ms + _MINUTE_MS, _MINUTE_MS)
    whole = _answered(lambda: engine.range_of(node, expression, span))
    if evaluation.expects("ordered"):
        return
    middle = (_at(series, at_ms) for series in whole.series)
    check_answer(evaluation, Result(result.kind, tuple(series for series in middle if series.times_ms)))


def _check(evaluation: Evaluation, ask: Callable[[], Result]) -> Result | None:
    """Return the answer after comparing it; None if a failure was expected and came."""
    try:
        result = ask()
    except PromqlError as error:
        _check_failure(evaluation, error)
        return None
    if evaluation.expects("fail"):
        raise Mismatch("an error was expected, an answer came")
    check_remarks(evaluation, result)
    check_answer(evaluation, result)
    return result


def _answered(ask: Callable[[], Result]) -> Result:
    try:
        return ask()
    except PromqlError as error:
        raise Mismatch(f"refused as a range query: {_plain(error)}") from error


def _check_failure(evaluation: Evaluation, error: PromqlError) -> None:
    if not evaluation.expects("fail"):
        raise Mismatch(f"refused: {_plain(error)}")
    if not all(remark.matches(error.message) for remark in evaluation.remarks["fail"]):
        raise Mismatch("another error was expected")


def _plain(error: PromqlError) -> str:
    """Return the message without what it quotes."""
    return error.message.split(":")[0].split("'")[0].split('"')[0].strip()


def _depends_on_query(expression: str) -> bool:
    return any(f"{name}()" in expression for name in ("start", "end", "range", "step"))


def _at(series: Series, at_ms: int) -> Series:
    kept = [
        (time, value) for time, value in zip(series.times_ms, series.values, strict=True) if time == at_ms
    ]
    return Series(series.labels, [time for time, _ in kept], [value for _, value in kept])


def _base(labels: Labels) -> Labels | None:
    """Return the labels of the histogram to which a classic series belongs; None if to none."""
    name = dict(labels).get(NAME, "")
    for ending in _CLASSIC:
        if name.endswith(ending):
            rest = [pair for pair in labels if pair[0] not in (NAME, "le")]
            return tuple(sorted([*rest, (NAME, name.removesuffix(ending))]))
    return None


def _expects_native(series: Sequence[Sequences]) -> bool:
    return any(value is Other.NATIVE for one in series for value in one.values)
