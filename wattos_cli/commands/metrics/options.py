"""What may be asked of `wattos metrics query`, and what does not go together."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from wattos_cli.errors import usage
from wattos_cli.metricsource import MetricsEndpoint


class Output(StrEnum):
    """The formats of the answer."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True)
class Options:
    """What to ask, where and for when; spans in seconds, `at` as it was typed."""

    expression: str = ""
    assertions: tuple[str, ...] = ()
    range_s: float | None = None
    step_s: float | None = None
    at: str | None = None
    watch: bool = False
    output: Output = Output.TABLE
    junit: Path | None = None
    endpoint: MetricsEndpoint = field(default_factory=MetricsEndpoint)


def check(opts: Options) -> None:
    """Raise WattosError (usage) for options that do not go together."""
    if bool(opts.expression.strip()) == bool(opts.assertions):
        raise usage(
            "expected either an expression or --assert",
            "wattos metrics query 'sum(rate(http_requests_total[5m]))'   or --assert 'EXPR < 0.3'",
        )
    if opts.step_s is not None and opts.range_s is None:
        raise usage("--step without --range: one point has no steps", "the last hour: --range 1h --step 15s")
    if opts.step_s is not None and opts.range_s is not None and opts.step_s > opts.range_s:
        raise usage("--step is longer than --range", "the last hour: --range 1h --step 15s")
    if opts.assertions and (opts.watch or opts.range_s is not None):
        raise usage(
            "--assert looks at one moment: it takes neither --range nor --watch",
            "over a time: --assert 'max_over_time((EXPR)[1h:15s]) < 0.3'",
        )
    if opts.junit is not None and not opts.assertions:
        raise usage("--junit writes what --assert found, and there is none", "--assert 'EXPR < 0.3'")
    if opts.assertions and opts.output is Output.CSV:
        raise usage("an assertion has no CSV", "-o json, or --junit FILE")
