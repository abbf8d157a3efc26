"""`wattos metrics query --assert`: a statement about series that holds for each of them, or does not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattos_cli import metricsource
from wattos_cli.commands.metrics import errors
from wattos_cli.deps import BadQueryError, Deps, FailedQueryError, Metrics
from wattos_cli.errors import ExitCode
from wattos_cli.metricsource import MetricsEndpoint
from wattos_cli.supervisor.scrape_now import scrape_now, with_something

if TYPE_CHECKING:
    from wattos_cli.metricsource.judging import Judged
    from wattos_cli.metricstore.assertion import Assertion


@dataclass(frozen=True)
class When:
    """The moment that is judged: now, for which a scrape is forced first, or another."""

    at_s: float
    fresh: bool


def judge(
    texts: Sequence[str], endpoint: MetricsEndpoint, when: When, deps: Deps, junit: Path | None
) -> ExitCode:
    """Print whether each of `texts` holds at that moment; exit 1 when one does not."""
    assertions = [_read(text) for text in texts]
    at_s = when.at_s
    if when.fresh and not endpoint.url:
        scrape_now(deps)
        at_s = round(deps.clock(), 3)
    return show(
        assertions, with_something(deps, lambda: metricsource.metrics(endpoint, deps)), at_s, deps, junit
    )


def show(
    assertions: "Sequence[Assertion]", metrics: Metrics, at_s: float, deps: Deps, junit: Path | None
) -> ExitCode:
    """Judge `assertions` over `metrics` and print what was found."""
    from wattos_cli.render import metric_assertions as render
    from wattos_cli.reports import add_to_summary, write_report

    judged = [asdict(_judged(assertion, metrics, at_s)) for assertion in assertions]
    console = deps.console
    if console.json_output:
        console.json(render.as_json(judged))
    else:
        for each in judged:
            console.data(render.as_text(each, color=console.color))
    if junit is not None:
        write_report(deps, junit, render.as_junit(judged))
    add_to_summary(deps, render.as_markdown(judged))
    for line in render.annotations(judged, deps.environ):
        console.note(line)
    return ExitCode.OK if all(each["ok"] for each in judged) else ExitCode.NO


def _read(text: str) -> "Assertion":
    from wattos_cli.metricstore import assertion
    from wattos_cli.metricstore.promql.errors import PromqlError

    try:
        return assertion.read(text)
    except PromqlError as error:
        raise errors.broken(text, BadQueryError(error.message, error.position)) from error


def _judged(assertion: "Assertion", metrics: Metrics, at_s: float) -> "Judged":
    from wattos_cli.metricsource.judging import judged

    try:
        return judged(assertion, metrics, at_s)
    except BadQueryError as error:
        raise errors.broken(assertion.text, BadQueryError(error.reason)) from error
    except FailedQueryError as error:
        raise errors.failed(error) from error
