"""Kind `threshold`: the requests of the phase, in the grammar of load tests."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator

from wattos_cli.config.forms import Seconds
from wattos_cli.drills.checks.check import CheckContext, CheckForm, Judged
from wattos_cli.errors import WattosError
from wattos_cli.loadtest.judging.judgement import judge
from wattos_cli.loadtest.judging.thresholds import Threshold, parse


def read_threshold(text: str) -> Threshold:
    """Return the threshold in `text`; ValueError that says what is wrong, and in which column."""
    try:
        return parse(text)
    except WattosError as error:
        raise ValueError(error.message.split("\n", 1)[0].removeprefix("--threshold: ")) from None


def _checked(text: str) -> str:
    read_threshold(text)
    return text


class ThresholdForm(CheckForm):
    """`threshold = "errors:rate<1%"`, over the phase's requests that began `after` so long or later."""

    lasting: ClassVar[bool] = False

    threshold: Annotated[str, AfterValidator(_checked)]
    after: Seconds | None = None

    def expectation(self) -> str:
        """Return the expression, and the phase it is about."""
        return f"{self.threshold} ({self.when})"

    def judge(self, context: CheckContext) -> Judged:
        """Return whether the phase's requests keep it; without a request they do not."""
        measured = context.record.requests(self.when, self.after or 0.0)
        threshold = read_threshold(self.threshold)
        (found,) = judge([threshold], measured)
        if found.value is None:
            return Judged(False, "no requests")
        return Judged(found.ok, f"measured {threshold.told(found.value)}")
