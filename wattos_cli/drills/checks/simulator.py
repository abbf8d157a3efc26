"""Kind `simulator`: what reached the provider since the phase began."""

from typing import Annotated

from pydantic import AfterValidator

from wattos_cli.drills.checks.check import CheckContext, CheckForm, Judged
from wattos_cli.drills.checks.comparison import comparison
from wattos_cli.drills.observing.view import received

SINCE = ("total", "completed", "refused", "failed", "abandoned")
_NOW = "in_flight"


def _checked(text: str) -> str:
    comparison(text, (*SINCE, _NOW))
    return text


class SimulatorForm(CheckForm):
    """`simulator = "total <= 12"`: of requests to `provider`, else to all, since the phase began.

    `in_flight` are those that are being answered at that moment.
    """

    simulator: Annotated[str, AfterValidator(_checked)]
    provider: str = ""

    def expectation(self) -> str:
        """Return whose requests, and how many."""
        return f"requests at {self.provider or 'the providers'}: {self.simulator}"

    def judge(self, context: CheckContext) -> Judged:
        """Return whether there were so many."""
        wanted = comparison(self.simulator, (*SINCE, _NOW))
        value = received(context.view.counts, self.provider).get(wanted.name, 0)
        if wanted.name in SINCE:
            value -= received(context.record.counts_before(self.when), self.provider).get(wanted.name, 0)
        return Judged(wanted.holds(value), f"{wanted.name} {value}")
