"""The four variables of every board: data source, namespace, job and instance."""

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from wattos_cli.dashboards.scope import ALL_VALUES, of_variable

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_MEANINGS = {
    "namespace": "Kubernetes namespaces; series without one are shown with All.",
    "job": "Services of the platform.",
    "instance": "Replicas of the services.",
}
_Variables = list[Builder[models.VariableModel]]


def variables(selector: str) -> _Variables:
    """Return the variables, in the order in which they depend on each other."""
    source = builders.DatasourceVariable("datasource").label("Data source").type("prometheus")
    return [source, *(_query(name, selector) for name in ("namespace", "job", "instance"))]


def _query(name: str, selector: str) -> builders.QueryVariable:
    query = of_variable(name, selector)
    return (
        builders.QueryVariable(name)
        .label(name.capitalize())
        .description(_MEANINGS[name])
        .datasource(DATASOURCE)
        .query(query)
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(ALL_VALUES[name])
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
