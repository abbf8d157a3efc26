"""Ways from a board to the others, with its time and its variables taken along."""

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

TAG = "wattos"
_CARRIED = "&".join(
    ["${__url_time_range}", *(f"${{{name}:queryparam}}" for name in ("datasource", "namespace", "job"))]
)


def to_all() -> builders.DashboardLink:
    """Return the menu of all boards of the platform."""
    return (
        builders.DashboardLink("wattos")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )


def to_board(uid: str, title: str) -> builders.DashboardLink:
    """Return the link of a panel to the board `uid`."""
    return builders.DashboardLink(title).type(models.DashboardLinkType.LINK).url(f"/d/{uid}?{_CARRIED}")
