"""The usage report of all tenants, from the model gateway's operations listener."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from wattos_cli.clients import running
from wattos_cli.clients.refusals import part
from wattos_cli.deps import Deps
from wattos_cli.project import Project

_MEMBERS = ("since", "until", "totals", "unpriced", "left_off", "data")


def report(deps: Deps, project: Project, query: Mapping[str, str]) -> dict[str, Any]:
    """Return `wattos.usage/v1` for `query` (by, since, until; empty ones are left to the service).

    Its rows are in one database, so any replica knows them all. WattosError: exit 4 when it cannot be
    reached, or when its answer is not understood.
    """
    given = urlencode({name: value for name, value in query.items() if value})
    gateway = running.service(project, "llm-gateway")
    answer: dict[str, Any] = running.admin(deps, project, gateway, f"/admin/usage?{given}")
    return {name: part(answer, name) for name in _MEMBERS}
