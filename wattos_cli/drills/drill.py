"""A drill as its file describes it."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from wattos_cli.config.forms import Form, Seconds
from wattos_cli.drills.checks.check import CheckForm
from wattos_cli.drills.faults.fault import FaultForm
from wattos_platform import catalog

_LONGEST_S, _LEAST_STEADY_S = 600.0, 2.0
MARGIN_S = 30.0
"""So much longer than the phase a fault may last that names no `ttl`."""
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


class RequiresForm(Form):
    """`[requires]`: what must run; `providers` must be named in `[llm]`, and stand at the simulator."""

    services: tuple[str, ...] = ("gateway", "llm-gateway")
    components: tuple[Literal["redis", "prometheus", "simulator"], ...] = ()
    providers: tuple[str, ...] = ()


class LoadForm(Form):
    """`[load]`: journeys with their weights, and how many users take them.

    With `rate` so many iterations begin a second, whoever is busy. `model` is what is asked for; unless it is
    named, the local one.
    """

    journeys: Annotated[dict[str, Annotated[int, Field(ge=1, le=1000)]], Field(min_length=1)]
    users: int = Field(default=5, ge=1, le=200)
    rate: float | None = Field(default=None, gt=0, le=500, allow_inf_nan=False)
    model: str = Field(default="", max_length=200)


class PhasesForm(Form):
    """`[phases]`: how long it is watched before, how long it is broken, how long it may take to recover.

    With `settle` it is broken no longer than so long after the last assertion with `within` was decided.
    """

    steady: Seconds = 3.0
    fault: Seconds
    recovery: Seconds
    settle: Seconds | None = None

    @model_validator(mode="after")
    def _bounded(self) -> "PhasesForm":
        for name in ("steady", "fault", "recovery"):
            if getattr(self, name) > _LONGEST_S:
                raise ValueError(f"{name}: at most 10m")
        if self.steady < _LEAST_STEADY_S:
            raise ValueError(f"steady: at least {_LEAST_STEADY_S:g}s, to see some requests")
        return self

    def of(self, phase: str) -> float:
        """Return the length of a phase in seconds; `whole` is from the fault on."""
        if phase == "whole":
            return self.fault + self.recovery
        length_s: float = getattr(self, phase)
        return length_s


class RollbackForm(Form):
    """`[rollback]`: breakers that are closed again if they are open then, so that nobody has to wait."""

    reset: tuple[str, ...] = ()


class Drill(Form):
    """One drill. `fault`, `steady` and `assertions` are tables in the plural."""

    name: Name
    summary: Text
    hypothesis: Text
    requires: RequiresForm = RequiresForm()
    load: LoadForm
    phases: PhasesForm
    fault: tuple[FaultForm, ...]
    steady: tuple[CheckForm, ...]
    assertions: tuple[CheckForm, ...]
    rollback: RollbackForm = RollbackForm()

    @property
    def needs(self) -> frozenset[str]:
        """Return the services and components that must run."""
        of_faults = {name for fault in self.fault for name in fault.needs}
        simulator = {"simulator"} if self.requires.providers else set()
        return frozenset({*self.requires.services, *self.requires.components, *of_faults, *simulator})

    def ttl_s(self, fault: FaultForm) -> float:
        """Return after how long a fault ends by itself."""
        return fault.ttl or self.phases.fault - (fault.after or 0.0) + MARGIN_S


def up_command(drills: Iterable[Drill]) -> str:
    """Return the command that starts all that `drills` need, and has what runs already use it."""
    wanted = tuple(drills)
    optional = sorted({name for drill in wanted for name in drill.needs & catalog.OPTIONAL})
    providers = sorted({name for drill in wanted for name in drill.requires.providers})
    options = [
        *([f"--with {','.join(optional)}"] if optional else []),
        *(f"--provider {name}" for name in providers),
    ]
    return " ".join(["wattos up", *options, *(["--recreate"] if options else [])])
