"""An assertion on metrics, held against what is known at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wattos_cli.deps import Metrics
from wattos_cli.errors import WattosError
from wattos_cli.metricsource.absence import require_series
from wattos_cli.metricstore.assertion import Assertion


@dataclass(frozen=True)
class Judged:
    """What became of an assertion: `metric`, `value`, `ok` of each series; `reason` is why it fails."""

    expression: str
    ok: bool
    reason: str
    series: tuple[dict[str, Any], ...]


def judged(assertion: Assertion, metrics: Metrics, at_s: float) -> Judged:
    """Return whether it holds for every series there is at that time; without one it does not.

    Raises BadQueryError or FailedQueryError for an expression that cannot be evaluated.
    """
    bound = float(metrics.instant(assertion.bound, at_s).result[1])
    answer = metrics.instant(assertion.expression, at_s)
    rows = [{"metric": {}, "value": answer.result}] if answer.kind == "scalar" else answer.result
    series = tuple(
        {
            "metric": row["metric"],
            "value": row["value"][1],
            "ok": assertion.holds(float(row["value"][1]), bound),
        }
        for row in rows
    )
    try:
        require_series(assertion.expression, answer, metrics, at_s)
    except WattosError as error:  # one misspelt name is a failure beside the others, not the end of all
        return Judged(assertion.text, False, f"no data: {error.message}", series)
    return Judged(assertion.text, bool(series) and all(row["ok"] for row in series), _reason(series), series)


def _reason(series: Sequence[dict[str, Any]]) -> str:
    """Return why an assertion does not hold, "" when it does."""
    if not series:
        return "no data"
    bad = [row for row in series if not row["ok"]]
    if not bad:
        return ""
    if all(row["value"] == "NaN" for row in bad):
        return "no data: the value is not a number"
    return f"does not hold for {len(bad)} of {len(series)} series"
