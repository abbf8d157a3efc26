"""Keeps a load test from costing more than was allowed, which is nothing unless --max-usd says otherwise."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal

from wattos_cli.clients import spending
from wattos_cli.clients.loadtest_tenant import TENANT
from wattos_cli.clients.spending import Destinations
from wattos_cli.commands.loadtest.options.costs import ALLOW_IT, LEAVE_IT_OUT
from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.commands.loadtest.target.side_thread import Over, side_thread
from wattos_cli.deps import Deps
from wattos_cli.errors import WattosError, usage
from wattos_cli.loadtest.driving.travellers import FREE_MODEL
from wattos_cli.loadtest.judging.verdict import Stopped
from wattos_cli.loadtest.measuring.measured import Measured
from wattos_cli.loadtest.scenarios.scenario import Scenario
from wattos_cli.project import Project

_LOOK_S = 2.0
_CAP_S = 60.0
_NOT_FOUND = 404


class Wallet:
    """What a run has cost and may cost; a guard of the run.

    The model gateway refuses what would pass the sum, whoever asks in the name of the load test; and the
    run ends as soon as it is known to be spent.
    """

    def __init__(self, deps: Deps, project: Project | None, max_usd: float | None) -> None:
        self._deps = deps
        self._project = project
        self._max = Decimal(str(max_usd or 0))
        self._allowed = max_usd is not None
        self._began = datetime.fromtimestamp(deps.clock(), UTC)
        self._by = f"loadtest-{uuid.uuid4().hex[:12]}"
        self._before = Decimal(0)
        self.spent = Decimal(0)

    def __call__(self, measured: Measured) -> Stopped | None:
        """Return that the run has to end if the sum is spent, None before."""
        counted = sum(requests.usd for requests in measured.total.requests.values())
        known = max(self.spent, Decimal(str(round(counted, 9))))
        if not self._allowed or known < self._max:
            return None
        return Stopped(f"stopped: {known:.4f} of {self._max} USD are spent (--max-usd)", "invalid")

    @property
    def notes(self) -> list[str]:
        """Return what a reader must know of the money."""
        if not self._allowed:
            return []
        told = f"{self.spent:.4f} of {self._max} USD were spent, as far as prices are known"
        return [f"{told}; the model gateway refuses (429) what would pass the sum"]

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Limit what is spent in the name of the load test meanwhile; WattosError if it cannot be."""
        if self._project is None:
            yield
            return
        self._before = spending.spent_usd(self._deps, self._project, TENANT, _midnight(self._began))
        self._renew_cap(self._project)
        try:
            with side_thread(self._look_until, "wallet", _LOOK_S):
                yield
        finally:
            with suppress(WattosError):  # the platform is gone, and the cap with it
                spending.uncap(self._deps, self._project, TENANT, self._by)

    def look(self) -> None:
        """Ask what was spent and renew the cap: a replica that started anew knows of none."""
        if self._project is None:
            return
        with suppress(WattosError):  # asked again in two seconds; what is capped stays capped
            self.spent = spending.spent_usd(self._deps, self._project, TENANT, self._began)
            self._renew_cap(self._project)

    def _renew_cap(self, project: Project) -> None:
        """Cap the day that it is now: at what is left of the sum, if the run began on an earlier one."""
        midnight = _midnight(datetime.fromtimestamp(self._deps.clock(), UTC))
        if midnight <= self._began:
            left = self._before + self._max
        else:
            left = self._max - spending.spent_usd(self._deps, project, TENANT, self._began, midnight)
        cap = spending.Cap(TENANT, self._by, max(left, Decimal(0)))
        spending.cap(self._deps, project, cap, _CAP_S)

    def _look_until(self, over: Over) -> None:
        while not over(_LOOK_S):
            self.look()


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def wallet_for(scenario: Scenario, opts: Options, deps: Deps, project: Project) -> Wallet:
    """Return the wallet of a run against this project's platform; the simulator's dollars are none.

    WattosError (exit 2) for a model that costs money and was not allowed to, or whose price nobody knows.
    """
    given = f"--model {opts.model}" if opts.model else f"the model {FREE_MODEL}"
    asked = {name: f"the model {name} that {scenario.name} asks" for name in scenario.models}
    asked[opts.model or FREE_MODEL] = given
    found = [_affordable(name, told, opts, deps, project) for name, told in asked.items()]
    real = any(each.anybody_is_real for each in found)
    return Wallet(deps, project if real else None, opts.max_usd)


def _affordable(name: str, told: str, opts: Options, deps: Deps, project: Project) -> Destinations:
    """Return where the requests for a model may go, if the run may pay for it; else WattosError (exit 2)."""
    try:
        found = spending.destinations(deps, project, name)
    except WattosError as error:
        if error.details.get("status") != _NOT_FOUND:
            raise
        raise usage(f"{told}: {error.message}", "name a model of a provider in [llm]") from error
    if found.paid and not opts.allow_paid:
        hint = LEAVE_IT_OUT if name == opts.model else ALLOW_IT
        raise usage(f"{told} costs money: {', '.join(found.paid)}", hint)
    if found.unpriced:
        raise usage(
            f"{told}: nobody knows the price of {', '.join(found.unpriced)}",
            "tell it in wattos.toml: [[llm.prices]]",
        )
    return found
