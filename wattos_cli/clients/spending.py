"""What a tenant may spend and has spent on models, over the model gateway's operations listener."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from wattos_cli.clients import breakers, running, usage
from wattos_cli.clients.refusals import part
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import Project

_GATEWAY = "llm-gateway"
_NO_ROUTE = "route_not_found"


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where requests for a model may go, and to which providers any request may."""

    targets: Sequence[Mapping[str, Any]]
    providers: Sequence[Mapping[str, Any]]

    @property
    def paid(self) -> list[str]:
        """Return the targets that cost money, or may: PROVIDER/MODEL."""
        return [
            f"{target['provider']}/{target['model']}"
            for target in self.targets
            if target["price"] != "free" and not target["simulated"]
        ]

    @property
    def unpriced(self) -> list[str]:
        """Return those of the paid ones whose price nobody knows."""
        return [
            f"{target['provider']}/{target['model']}"
            for target in self.targets
            if target["price"] == "unknown" and not target["simulated"]
        ]

    @property
    def anybody_is_real(self) -> bool:
        """Return whether a provider is named that is not the simulator."""
        return any(not provider["simulated"] for provider in self.providers)


def destinations(deps: Deps, project: Project, model: str) -> Destinations:
    """Return where the model's requests may go; WattosError for a model that nobody serves.

    Exit 4 if the gateway that runs is too old to say so.
    """
    gateway = running.service(project, _GATEWAY)
    path = f"/admin/models/targets?{urlencode({'model': model})}"
    try:
        answer = running.admin(deps, project, gateway, path)
    except WattosError as error:
        if error.code != _NO_ROUTE:
            raise
        raise _too_old() from error
    return Destinations(part(answer, "targets"), part(answer, "providers"))


@dataclass(frozen=True, slots=True)
class Cap:
    """What a tenant may spend in a UTC day; of several, `by` different names, the lowest holds."""

    tenant: str
    by: str
    usd_per_day: Decimal


def cap(deps: Deps, project: Project, wanted: Cap, ttl_s: float) -> None:
    """Let no replica spend more than that; WattosError (exit 4) if one may."""
    body = {"tenant": wanted.tenant, "by": wanted.by, "usd_per_day": str(wanted.usd_per_day), "ttl_s": ttl_s}
    for answer in _everywhere(deps, project, "/admin/budgets", body):
        if answer.error is not None:
            raise WattosError(
                f"what the load test may spend cannot be limited: {answer.error.message}",
                hint=answer.error.hint,
                code="spending_not_limited",
                exit_code=ExitCode.UNREACHABLE,
            )


def uncap(deps: Deps, project: Project, tenant: str, by: str) -> None:
    """Lift the cap where it can be; elsewhere it ends by itself."""
    _everywhere(deps, project, "/admin/budgets/remove", {"tenant": tenant, "by": by})


def spent_usd(
    deps: Deps, project: Project, tenant: str, since: datetime, until: datetime | None = None
) -> Decimal:
    """Return what the tenant's calls have cost since then, as far as their price is known."""
    end = until.isoformat() if until else ""
    report = usage.report(deps, project, {"tenant": tenant, "since": since.isoformat(), "until": end})
    return Decimal(str(part(report["totals"], "cost_usd")))


def _too_old() -> WattosError:
    return WattosError(
        f"the {_GATEWAY} that runs is older than this command: it cannot say what a model costs",
        hint="start the platform anew: wattos up --recreate",
        code="platform_outdated",
        exit_code=ExitCode.UNREACHABLE,
    )


def _everywhere(
    deps: Deps, project: Project, path: str, body: Mapping[str, Any]
) -> Sequence[breakers.Answer]:
    targets = breakers.replicas(project, _GATEWAY)
    return breakers.ask(deps, project, targets, lambda _target: path, body)
