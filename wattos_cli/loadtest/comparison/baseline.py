"""A run held against a baseline: refused before it starts if it cannot be, judged when it is over."""

from collections.abc import Mapping
from typing import Any

import msgspec

from wattos_cli.loadtest.comparison.comparability import require_comparable
from wattos_cli.loadtest.comparison.compared import compare
from wattos_cli.loadtest.result.reading import result_of
from wattos_cli.loadtest.result.shape import Environment, Load, Result


def require_possible(
    baseline: Result, planned: Mapping[str, Any], *, allow_other_machine: bool = False
) -> None:
    """Refuse a run that could not be compared with `baseline`; WattosError (exit 4) that says what differs.

    `planned` has what is known before: `scenario`, `engine`, `load` and `environment` of the result.
    """
    imagined = msgspec.structs.replace(
        baseline,
        scenario=planned["scenario"],
        engine=planned["engine"],
        load=msgspec.convert(planned["load"], Load),
        environment=msgspec.convert(planned["environment"], Environment),
    )
    require_comparable(baseline, imagined, allow_other_machine=allow_other_machine)


def held_against(
    baseline: Result, result: Mapping[str, Any], name: str, *, allow_other_machine: bool = False
) -> dict[str, Any]:
    """Return the result with its `comparison`; a pass with a regression becomes a fail.

    `name` is how a person calls the baseline. WattosError (exit 4) if the two are not comparable after all,
    as when the run was cut short.
    """
    now = result_of(result)
    require_comparable(baseline, now, allow_other_machine=allow_other_machine)
    comparison = compare(baseline, now, name)
    worse = comparison.verdict == "regression" and result["verdict"] == "pass"
    return {
        **result,
        "verdict": "fail" if worse else result["verdict"],
        "comparison": msgspec.to_builtins(comparison),
    }
