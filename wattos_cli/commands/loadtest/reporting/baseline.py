"""--baseline: an earlier result that this run is held against."""

from dataclasses import dataclass

from msgspec.structs import replace

from wattos_cli.commands.loadtest.options.options import Options
from wattos_cli.deps import Deps
from wattos_cli.loadtest.comparison import comparability
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.planning.full_load import full_load_s
from wattos_cli.loadtest.result.reading import read
from wattos_cli.loadtest.result.shape import Result


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier result, and whether it may come from another machine."""

    name: str
    result: Result
    allow_other_machine: bool

    def require_promising(self, planned: Result, plan: Plan) -> None:
        """Refuse a run, before it begins, that could not be held against this; WattosError (exit 4)."""
        comparability.require_promising(
            self.result, planned, full_load_s(plan), allow_other_machine=self.allow_other_machine
        )

    def require_comparable(self, result: Result) -> None:
        """Refuse a valid run that cannot be held against this, now that it is over; WattosError (exit 4)."""
        if result.verdict != "invalid":
            comparability.require_comparable(
                self.result, result, allow_other_machine=self.allow_other_machine
            )

    def held_against(self, result: Result) -> Result:
        """Return the result with its comparison, a failure if it is worse; or as it is: not comparable."""
        from wattos_cli.loadtest.comparison.compared import compare
        from wattos_cli.render.loadtest.figures import listed

        if comparability.reasons_against(self.result, result, allow_other_machine=self.allow_other_machine):
            return result
        comparison = compare(self.result, result, self.name)
        worse = comparison.regressions
        if not worse:
            return replace(result, comparison=comparison)
        reason = f"worse than the baseline {self.name}: {listed(worse)}"
        return replace(result, comparison=comparison, verdict="fail", reasons=[*result.reasons, reason])


def baseline_of(opts: Options, deps: Deps) -> Baseline | None:
    """Return the baseline that the options name, None without; WattosError (exit 2) if it is no result."""
    if opts.baseline is None:
        return None
    return Baseline(str(opts.baseline), read(deps.cwd / opts.baseline), opts.allow_other_machine)
