"""Puts the questions of the list and gives their answers as plain numbers."""

import math
from collections.abc import Mapping
from typing import Any

from wattos_cli.metricstore.counted import CountedSource
from wattos_cli.metricstore.questions import QUESTIONS
from wattos_cli.metricstore.rate_window import rate_window_s
from wattos_cli.metricstore.series import Source
from wattos_cli.metricstore.stored import StoredMetrics

COURSE_POINTS = 60
_BY_NAME = {question.name: question for question in QUESTIONS}


class Asker:
    """Puts the questions of the list to `source`, over one window.

    What is counted is counted exactly; see `CountedSource`.
    """

    def __init__(self, source: Source, at_s: float, window_s: float) -> None:
        self.window_s = window_s
        self._at_s = at_s
        end_ms = round(at_s * 1000)
        counted = CountedSource(source, end_ms - round(window_s * 1000), end_ms)
        self._metrics, self._counted = StoredMetrics(source), StoredMetrics(counted)

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """Return the series that answer the question."""
        question = _BY_NAME[name]
        metrics = self._counted if question.counts else self._metrics
        rows: list[Mapping[str, Any]] = metrics.instant(
            question.with_beginning(self.window_s), self._at_s
        ).result
        return rows

    def figures(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """Return the number for each group of `labels`; what is not a number is left out."""
        found = {}
        for row in self.rows(name):
            value = float(row["value"][1])
            if math.isfinite(value):
                found[tuple(row["metric"].get(label, "") for label in labels)] = value
        return found

    def courses(self, scrape_s: float) -> dict[str, list[float | None]]:
        """Return requests a second at each step, by service; a scrape comes every `scrape_s`."""
        step_s = max(math.ceil(self.window_s * 1000 / COURSE_POINTS) / 1000, 1.0)
        start_s = self._at_s - step_s * (COURSE_POINTS - 1)
        expression = _BY_NAME["course"].over(max(rate_window_s(scrape_s), 2 * step_s))
        answer = self._metrics.range(expression, start_s, self._at_s, step_s)
        found = {}
        for row in answer.result:
            values = {round((time - start_s) / step_s): float(value) for time, value in row["values"]}
            found[row["metric"].get("job", "")] = [values.get(place) for place in range(COURSE_POINTS)]
        return found
