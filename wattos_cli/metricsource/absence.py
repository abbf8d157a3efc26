"""Why an expression has no series: nothing has counted yet, or nobody has such a metric."""

from wattos_cli.deps import MetricAnswer, Metrics
from wattos_cli.errors import WattosError
from wattos_cli.render.safe import visible


def require_series(expression: str, answer: MetricAnswer, metrics: Metrics, at_s: float) -> str:
    """Return what to remark about an empty answer, "" for one with series.

    Raises WattosError (exit 1) when the expression names a metric that nobody has.
    """
    if answer.result:
        return ""
    from wattos_cli.metricstore.metric_names import metric_names
    from wattos_cli.metricstore.promql.errors import PromqlError
    from wattos_platform.contracts.metrics import FAMILIES

    try:
        named = metric_names(expression)
    except PromqlError:  # a Prometheus may know more than our parser
        return "No series."
    known = metrics.names(at_s)
    declared = {f"{each.name}{suffix}" for each in FAMILIES for suffix in ("", "_bucket", "_sum", "_count")}
    for name in sorted(named - set(known) - declared):
        raise _unknown(name, {*known, *declared})
    rare = sorted(named & declared - set(known))
    return f"No series: nothing has made {rare[0]} count yet." if rare else "No series at that time."


def _unknown(name: str, known: set[str]) -> WattosError:
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    guess = f"; did you mean {near[0]}?" if near else ""
    return WattosError(
        f"no such series: {visible(name)}{guess}",
        hint="see what there is: wattos metrics list",
        code="no_such_series",
        details={"name": name, "near": near},
    )
