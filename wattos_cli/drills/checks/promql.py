"""Kind `promql`: an assertion on metrics, in the grammar of `wattos metrics query --assert`."""

from typing import Annotated

from pydantic import AfterValidator

from wattos_cli.config.problems import ExpressionError
from wattos_cli.deps import BadQueryError, FailedQueryError
from wattos_cli.drills.checks.check import CheckContext, CheckForm, Judged
from wattos_cli.metricsource.judging import judged
from wattos_cli.metricstore import assertion
from wattos_cli.metricstore.promql.errors import PromqlError

_MOST_SHOWN = 3


def _checked(text: str) -> str:
    try:
        assertion.read(text)
    except PromqlError as error:
        raise ExpressionError(f"not PromQL: {error.message}", text, error.position or 0) from None
    return text


class PromqlForm(CheckForm):
    """`promql = "EXPR < 0.3"`: every series must satisfy it, and there must be one."""

    promql: Annotated[str, AfterValidator(_checked)]

    def expectation(self) -> str:
        """Return the expression."""
        return self.promql

    def judge(self, context: CheckContext) -> Judged:
        """Return whether it holds for what was scraped just now."""
        scraped = context.view.scraped
        try:
            found = judged(assertion.read(self.promql), scraped.metrics, scraped.at_s)
        except BadQueryError as error:
            return Judged(False, error.reason)
        except FailedQueryError as error:
            return Judged(False, str(error))
        values = [f"{float(row['value']):.4g}" for row in found.series if row["ok"] == found.ok]
        told = ", ".join(values[:_MOST_SHOWN])
        return Judged(found.ok, found.reason if not told else f"{found.reason or 'is'} {told}")
