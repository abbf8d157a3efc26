"""The cases that promtool is given, as series for our own engine."""

import re
from collections.abc import Iterator

from tests.fakes.metrics.series import SeriesInMemory
from wattos_cli.alerting.alert import Alert, Case
from wattos_cli.alerting.evaluation import evaluate
from wattos_cli.alerting.slo import bundled_slos
from wattos_cli.alerting.states import AlertState
from wattos_cli.durations import duration_s
from wattos_cli.metricstore.series import STALE

START_MS = 1_700_000_000_000
_SELECTOR = re.compile(r"(\w+)(?:\{(.*)\})?")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_VALUES = re.compile(r"(?:([\d.]+)([+-][\d.]+)?|(_)|(stale))(?:x(\d+))?")


def values(notation: str) -> Iterator[float | None]:
    """Yield the samples of promtool's notation; None where there is none."""
    for part in notation.split():
        match = _VALUES.fullmatch(part)
        assert match, part
        number, growth, absent, _stale, times = match.groups()
        count = int(times or 0)
        if number is None:
            yield from [None if absent else STALE] * max(1, count)
        else:
            yield from (float(number) + float(growth or 0) * place for place in range(count + 1))


def source(case: Case) -> SeriesInMemory:
    """Return the series of a case, a moment before each step, so that no sample lies on a boundary."""
    step_ms = round(duration_s(case.every) * 1000)
    kept = SeriesInMemory()
    for selector, notation in case.series.items():
        match = _SELECTOR.fullmatch(selector)
        assert match, selector
        labels = tuple(sorted([("__name__", match[1]), *_LABEL.findall(match[2] or "")]))
        samples = [
            (START_MS + place * step_ms - 1, value)
            for place, value in enumerate(values(notation))
            if value is not None
        ]
        kept.add(labels, samples)
    return kept


def firing(alert: Alert, case: Case) -> list[AlertState]:
    """Return what of `alert` fires in a case."""
    at_ms = START_MS + round(duration_s(case.at) * 1000)
    states = evaluate(source(case), bundled_slos(), at_ms, alerts=[alert])
    return [state for state in states if state.state == "firing"]


def fired(alert: Alert, case: Case) -> list[dict[str, str]]:
    """Return the labels of what fires, without those that every alert has."""
    return [own_labels(state) for state in firing(alert, case)]


def own_labels(state: AlertState) -> dict[str, str]:
    """Return the labels that the condition gave."""
    return {name: value for name, value in state.labels.items() if name not in {"severity", "team"}}
