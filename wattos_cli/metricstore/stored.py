"""What was scraped here, as `deps.Metrics`: the engine over a source of series."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from wattos_cli.deps import BadQueryError, FailedQueryError, MetricAnswer
from wattos_cli.metricstore.series import NAME, Catalogue, Matcher, Source

if TYPE_CHECKING:
    from wattos_cli.metricstore.promql.engine import Result
    from wattos_cli.metricstore.promql.errors import PromqlError

_DAY_MS = 86_400_000


class StoredMetrics:
    """Answers PromQL over `source`; names come from `catalogue`, if there is one: it reads no samples.

    Every answer warns of the files that are in `damaged` by then.
    """

    def __init__(
        self, source: Source, catalogue: Catalogue | None = None, damaged: Collection[Path] = ()
    ) -> None:
        from wattos_cli.metricstore.promql.engine import Engine

        self._source = source
        self._catalogue = catalogue
        self._damaged = damaged
        self._engine = Engine(source)

    def instant(self, expression: str, at_s: float) -> MetricAnswer:
        """Return the value of `expression` at `at_s`."""
        from wattos_cli.metricstore import wire
        from wattos_cli.metricstore.promql.errors import PromqlError

        at_ms = _ms(at_s)
        try:
            answer = self._engine.instant(expression, at_ms)
        except PromqlError as error:
            raise _refusal(error) from error
        return MetricAnswer(answer.kind, wire.result(answer, at_ms), self._remarks(answer))

    def range(self, expression: str, start_s: float, end_s: float, step_s: float) -> MetricAnswer:
        """Return the values of `expression` from `start_s` through `end_s`, every `step_s`."""
        from wattos_cli.metricstore import wire
        from wattos_cli.metricstore.promql.errors import PromqlError

        try:
            answer = self._engine.range(expression, _ms(start_s), _ms(end_s), _ms(step_s))
        except PromqlError as error:
            raise _refusal(error) from error
        return MetricAnswer(answer.kind, wire.result(answer, _ms(end_s)), self._remarks(answer))

    def names(self, at_s: float) -> list[str]:
        """Return the names of the metrics of the day before `at_s`."""
        any_name = Matcher(NAME, "!=", "")
        at_ms = _ms(at_s)
        if self._catalogue is not None:
            found = self._catalogue.series([any_name], at_ms - _DAY_MS, at_ms)
        else:
            found = (each.labels for each in self._source.select([any_name], at_ms - _DAY_MS, at_ms))
        return sorted({dict(labels)[NAME] for labels in found})

    def _remarks(self, answer: "Result") -> tuple[str, ...]:
        lost = [damage(self._damaged)] if self._damaged else []
        return (*answer.warnings, *answer.infos, *lost)


def damage(files: Collection[Path]) -> str:
    """Return what a person is told of files that were passed over."""
    count = "a damaged file" if len(files) == 1 else f"{len(files)} damaged files"
    return f"warning: {count} of metrics passed over: {min(files)}; see: wattos doctor"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _refusal(error: "PromqlError") -> BadQueryError | FailedQueryError:
    """Return the error for an expression that is wrong in itself, or that these series have no answer to."""
    if error.position is None:
        return FailedQueryError(error.message)
    return BadQueryError(error.message, error.position)
