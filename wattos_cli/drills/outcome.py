"""What became of a drill, as `wattos.drill/v1`: one object from which every report is made."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from wattos_cli.drills.drill import Drill
from wattos_cli.drills.observing.figures import Figures
from wattos_cli.drills.steps import Step

SCHEMA = "wattos.drill/v1"
Verdict = Literal["pass", "fail", "invalid"]
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """`errors` are those of users by their texts.

    `reason` says why a drill is invalid: it did not come to an end, or began on ill ground.
    """

    drill: Drill
    steps: tuple[Step, ...]
    figures: Figures
    started_at: str
    duration_s: float
    errors: Mapping[str, int] = field(default_factory=dict)
    reason: str = ""
    signal: Literal["", "interrupted", "terminated"] = ""

    @property
    def verdict(self) -> Verdict:
        """Return pass when every step was as it must be."""
        if self.reason:
            return "invalid"
        return "pass" if all(step.ok for step in self.steps) else "fail"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        figures = {
            name: round(value, _DIGITS) if isinstance(value, float) else value
            for name, value in asdict(self.figures).items()
        }
        return {
            "schema": SCHEMA,
            "drill": self.drill.name,
            "verdict": self.verdict,
            "reason": self.reason,
            "summary": self.drill.summary,
            "hypothesis": self.drill.hypothesis,
            "started_at": self.started_at,
            "duration_s": round(self.duration_s, _DIGITS),
            "figures": figures,
            "errors": [{"error": text, "count": count} for text, count in self.errors.items()],
            "steps": [step.as_json() for step in self.steps],
        }
