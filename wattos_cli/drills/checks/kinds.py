"""The kinds of assertions by the key that only they have: one line each."""

from collections.abc import Mapping

from wattos_cli.drills.checks.breaker import BreakerForm
from wattos_cli.drills.checks.check import CheckForm
from wattos_cli.drills.checks.figure import FigureForm
from wattos_cli.drills.checks.health import HealthForm
from wattos_cli.drills.checks.promql import PromqlForm
from wattos_cli.drills.checks.simulator import SimulatorForm
from wattos_cli.drills.checks.threshold import ThresholdForm

KINDS: Mapping[str, type[CheckForm]] = {
    "breaker": BreakerForm,
    "figure": FigureForm,
    "health": HealthForm,
    "promql": PromqlForm,
    "simulator": SimulatorForm,
    "threshold": ThresholdForm,
}
