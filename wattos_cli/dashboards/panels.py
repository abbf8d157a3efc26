"""A panel of ours as a panel of Grafana's SDK."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from wattos_cli.dashboards import links
from wattos_cli.dashboards.boards.names import TITLES
from wattos_cli.dashboards.layout import Place
from wattos_cli.dashboards.model import Kind, Objective, Panel
from wattos_cli.dashboards.objectives import limits_of
from wattos_cli.dashboards.scope import scoped
from wattos_cli.dashboards.variables import DATASOURCE

Builder = timeseries.Panel | stat.Panel | statetimeline.Panel
_OPACITY = 10
_STACKED_OPACITY = 40


def panel_of(
    panel: Panel, number: int, place: Place, selector: str, objectives: Mapping[Objective, float]
) -> Builder:
    """Return Grafana's panel number `number`, with `selector` in every query and limits by `objectives`."""
    if panel.objective:
        panel = replace(panel, limits=limits_of(objectives[panel.objective]))
    return (
        _BUILDERS[panel.kind](panel)
        .id(number)
        .title(panel.title)
        .description(described(panel))
        .datasource(DATASOURCE)
        .unit(panel.unit)
        .grid_pos(models.GridPos(x=place.x, y=place.y, w=place.width, h=place.height))
        .targets([_target(panel, index, selector) for index in range(len(panel.queries))])
        .links([links.to_board(uid, TITLES[uid]) for uid in panel.see])
    )


def described(panel: Panel) -> str:
    """Return what the panel's tooltip says: its meaning, and the line that shows the cause."""
    return f"{panel.meaning}\n\nThe cause: `{panel.logs}`" if panel.logs else panel.meaning


def _target(panel: Panel, index: int, selector: str) -> prometheus.Dataquery:
    query = panel.queries[index]
    target = prometheus.Dataquery().expr(scoped(query.expr, selector)).legend_format(query.legend)
    target = target.ref_id(chr(ord("A") + index)).datasource(DATASOURCE)
    return target.instant() if panel.kind == "stat" else target.range()


def _timeseries(panel: Panel) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .min(0)
        .line_width(1)
        .fill_opacity(_STACKED_OPACITY if panel.stacked else _OPACITY)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
    )
    if panel.stacked:
        built = built.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))
    if panel.limits:
        style = common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        built = built.thresholds(_thresholds(panel)).thresholds_style(style)
    return built


def _stat(panel: Panel) -> stat.Panel:
    built = stat.Panel().reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return built.thresholds(_thresholds(panel)).graph_mode(common_models.BigValueGraphMode.NONE)


def _states(panel: Panel) -> statetimeline.Panel:
    bad, good = ("red", "green")
    shown = {
        str(value): models.ValueMappingResult(text=word, color=color, index=value)
        for value, (word, color) in enumerate(zip(panel.words, (bad, good), strict=True))
    }
    return (
        statetimeline.Panel()
        .mappings([models.ValueMap(options=shown)])
        .show_value(common_models.VisibilityMode.NEVER)
        .row_height(0.8)
    )


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(value=limit.value, color=limit.color) for limit in panel.limits]
    first = models.Threshold(value=None, color="green")
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps([first, *steps])


_BUILDERS: Mapping[Kind, Callable[[Panel], Builder]] = {
    "timeseries": _timeseries,
    "stat": _stat,
    "states": _states,
}
