"""Kind `health`: how the platform, or one service, says it is."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from wattos_cli.deps import Finding
from wattos_cli.drills.checks.check import CheckContext, CheckForm, Judged, listed

Status = Literal["healthy", "degraded", "unhealthy"]
WORST_LAST = ("healthy", "degraded", "unhealthy")


def worst(findings: Sequence[Finding]) -> str:
    """Return the worst status among them."""
    return max((each.status for each in findings), key=WORST_LAST.index, default="unhealthy")


class HealthForm(CheckForm):
    """`health = "degraded"` or a list of what is right, of `service`, else of all together (the worst)."""

    health: Annotated[tuple[Status, ...], BeforeValidator(listed), Field(min_length=1)]
    service: str = ""

    def expectation(self) -> str:
        """Return whose health, and how it must be."""
        return f"{self.service or 'the platform'} is {' or '.join(self.health)}"

    def judge(self, context: CheckContext) -> Judged:
        """Return whether it is; a service that does not run is unhealthy."""
        found = [each for each in context.view.findings if self.service in ("", each.name)]
        status = worst(found)
        ill = [f"{each.name}-{each.replica} {each.status}" for each in found if each.status != "healthy"]
        return Judged(status in self.health, ", ".join(ill) or status)
