"""Kind `figure`: one of the drill's own figures, when all is over."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator

from wattos_cli.drills.checks.check import CheckContext, CheckForm, Judged, When
from wattos_cli.drills.checks.comparison import comparison
from wattos_cli.drills.observing.figures import NAMES


def _checked(text: str) -> str:
    comparison(text, NAMES)
    return text


class FigureForm(CheckForm):
    """`figure = "retry_amplification <= 1.2"`: of the whole drill."""

    lasting: ClassVar[bool] = False

    when: When = "whole"
    figure: Annotated[str, AfterValidator(_checked)]

    def expectation(self) -> str:
        """Return the comparison."""
        return self.figure

    def judge(self, context: CheckContext) -> Judged:
        """Return whether the figure is as it must be; one that does not exist is not."""
        wanted = comparison(self.figure, NAMES)
        value = context.record.figures.get(wanted.name)
        if value is None:
            return Judged(False, "it did not happen")
        return Judged(wanted.holds(value), f"{wanted.name} {value:.4g}")
