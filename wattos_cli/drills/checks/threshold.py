"""Kind `threshold`: the requests of the phase, in the grammar of load tests."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator

from wattos_cli.config.forms import Seconds
from wattos_cli.drills.checks.check import CheckContext, CheckForm, Judged
from wattos_cli.loadtest.judging.judgement import judge
from wattos_cli.loadtest.judging.thresholds import checked, parse


class ThresholdForm(CheckForm):
    """`threshold = "errors:rate<1%"`, over the phase's requests that began `after` so long or later."""

    lasting: ClassVar[bool] = False

    threshold: Annotated[str, AfterValidator(checked)]
    after: Seconds | None = None

    def expectation(self) -> str:
        """Return the expression, and the phase it is about."""
        return f"{self.threshold} ({self.when})"

    def judge(self, context: CheckContext) -> Judged:
        """Return whether the phase's requests keep it; without a request they do not."""
        measured = context.record.requests(self.when, self.after or 0.0)
        threshold = parse(self.threshold)
        (found,) = judge([threshold], measured)
        if found.value is None:
            return Judged(False, "no requests")
        return Judged(found.ok, f"measured {threshold.told(found.value)}")
