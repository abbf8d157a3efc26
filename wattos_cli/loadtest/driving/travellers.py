"""Who the virtual users are: their numbers, dice, model and tokens."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from random import Random
from typing import Self

from wattos_cli.loadtest.driving.parent import PLAN_FILE, handed_plan
from wattos_cli.loadtest.journey import NAME_PREFIX, Traveller
from wattos_cli.loadtest.plan import Plan

FREE_MODEL = "wattos-extractive"
"""A model that is named never changes its provider: the local one costs nothing, whatever is configured."""


class Travellers:
    """Hands each user its number, its dice, its model and its token; the same plan, the same travellers."""

    def __init__(self, plan: Plan | None, environ: Mapping[str, str]) -> None:
        self.weights: Mapping[str, int] = plan.journeys if plan else {}
        self.seed = plan.seed if plan else int(environ.get("WATTOS_LOADTEST_SEED", "0"))
        self._model = (plan.model if plan else environ.get("WATTOS_LOADTEST_MODEL", "")) or FREE_MODEL
        self._models = plan.models if plan else ()
        self._prefix = (plan.prefix if plan else "") or NAME_PREFIX
        self._tokens = (plan.tokens if plan else ()) or (environ.get("WATTOS_TOKEN", ""),)
        self._step = plan.processes if plan else 1
        self._counted = count()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Return the travellers of the plan that `environ` names, without a plan that of `environ` itself."""
        path = environ.get(PLAN_FILE)
        return cls(handed_plan(Path(path)) if path else None, environ)

    def enlist(self, worker: int = 0) -> tuple[Traveller, str]:
        """Return the next traveller of this process, which is number `worker`, and its token."""
        number = next(self._counted) * self._step + worker
        rng = Random(f"{self.seed}/{number}")  # noqa: S311 - dice
        traveller = Traveller(number, rng, self._model, self._models, self._prefix)
        return traveller, self._tokens[number % len(self._tokens)]
