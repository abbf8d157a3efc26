"""Every function of PromQL that the engine knows, by name."""

from collections.abc import Mapping

from wattos_cli.metricstore.promql.functions import (
    histograms,
    info,
    labels,
    maths,
    ordering,
    over_time,
    presence,
    rates,
    regression,
    time,
)
from wattos_cli.metricstore.promql.functions.signature import Function

FUNCTIONS: Mapping[str, Function] = {
    **histograms.TABLE,
    **info.TABLE,
    **labels.TABLE,
    **maths.TABLE,
    **ordering.TABLE,
    **over_time.TABLE,
    **presence.TABLE,
    **rates.TABLE,
    **regression.TABLE,
    **time.TABLE,
}
