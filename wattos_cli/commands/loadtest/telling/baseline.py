"""--baseline: an earlier result that this run is held against."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from wattos_cli.commands.loadtest.asking.options import Options
from wattos_cli.deps import Deps
from wattos_cli.loadtest.comparison import comparability
from wattos_cli.loadtest.result.reading import read, result_of
from wattos_cli.loadtest.result.shape import Result


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier result, and whether it may come from another machine."""

    name: str
    result: Result
    allow_other_machine: bool

    def require_promising(self, planned: Mapping[str, Any]) -> None:
        """Refuse a run, before it begins, that could not be held against this; WattosError (exit 4)."""
        comparability.require_promising(
            self.result, result_of(planned), allow_other_machine=self.allow_other_machine
        )

    def require_comparable(self, result: Mapping[str, Any]) -> None:
        """Refuse a valid run that cannot be held against this, now that it is over; WattosError (exit 4)."""
        if result["verdict"] == "invalid":
            return
        comparability.require_comparable(
            self.result, result_of(result), allow_other_machine=self.allow_other_machine
        )

    def held_against(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return the result with its comparison, a failure if it is worse; or as it is: not comparable."""
        from wattos_cli.loadtest.comparison.compared import compare

        now = result_of(result)
        if comparability.reasons_against(self.result, now, allow_other_machine=self.allow_other_machine):
            return result
        comparison = compare(self.result, now, self.name)
        told = {**result, "comparison": msgspec.to_builtins(comparison)}
        worse = comparison.regressions
        if not worse:
            return told
        reason = f"worse than the baseline {self.name}: {', '.join(worse)}"
        return {**told, "verdict": "fail", "reasons": [*result["reasons"], reason]}


def baseline_of(opts: Options, deps: Deps) -> Baseline | None:
    """Return the baseline that the options name, None without; WattosError (exit 2) if it is no result."""
    if opts.baseline is None:
        return None
    return Baseline(str(opts.baseline), read(deps.cwd / opts.baseline), opts.allow_other_machine)
