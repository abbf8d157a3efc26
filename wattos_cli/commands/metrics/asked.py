"""Whom a metric query is put to, and what a person is told when there is no answer."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wattos_cli.deps import BadQueryError, Deps, FailedQueryError, MetricAnswer, Metrics
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.render.safe import visible

_TOKEN = "WATTOS_PROMETHEUS_TOKEN"  # noqa: S105 - the name of a variable
_TOKEN_HINT = "write the token, and nothing else, into a file: --token-file FILE"  # noqa: S105
_PORTS_TO = 65_535


@dataclass(frozen=True)
class Whom:
    """The platform's own store, or the Prometheus at `url`, which gets the token in `token_file`."""

    url: str = ""
    token_file: Path | None = None
    timeout_s: float = 30.0


def metrics(whom: Whom, deps: Deps) -> Metrics:
    """Return what answers; WattosError when the address or the token is none, or nothing was ever scraped."""
    if whom.url:
        return _prometheus(whom, deps)
    if whom.token_file is not None:
        raise usage("--token-file is for a Prometheus", "name it: --prometheus URL")
    return _stored(deps)


def _stored(deps: Deps) -> Metrics:
    from wattos_cli.metricstore.store.reader import Reader
    from wattos_cli.metricstore.stored import StoredMetrics
    from wattos_cli.project import find

    project = find(deps.cwd)
    reader = Reader(project.metrics_dir)
    if reader.last_ms() is None:
        raise WattosError(
            f"no metrics were scraped yet in {project.root}",
            hint="they are scraped while the platform runs: wattos up   and wait a few seconds",
            code="no_metrics",
            exit_code=ExitCode.UNREACHABLE,
            details={"project": str(project.root)},
        )
    return StoredMetrics(reader)


def _prometheus(whom: Whom, deps: Deps) -> Metrics:
    from wattos_cli.clients.credentials import given_token, token_from
    from wattos_cli.clients.prometheus import Prometheus

    _check_url(whom.url)
    if whom.token_file is not None:
        token: str | None = token_from("--token-file", deps.cwd / whom.token_file, _TOKEN_HINT)
    else:
        token = given_token(deps.environ, _TOKEN, _TOKEN_HINT)
    return Prometheus(deps.http, whom.url.rstrip("/"), token, whom.timeout_s)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        port, parts = _PORTS_TO + 1, urlsplit("")
    if "@" in parts.netloc:
        raise usage(
            "--prometheus: a user or password in the address would be seen by others",
            "--token-file FILE, or WATTOS_PROMETHEUS_TOKEN_FILE",
        )
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or not plain or port == 0:
        raise usage(
            f"--prometheus {visible(url)}: no http(s) address",
            "for example --prometheus http://127.0.0.1:9090",
        )


def usage(message: str, hint: str) -> WattosError:
    """Return the error for a wrong command line."""
    return WattosError(message, hint=hint, code="usage", exit_code=ExitCode.USAGE)


def broken(expression: str, error: BadQueryError) -> WattosError:
    """Return the error (exit 2) for an expression that cannot be read, with a caret below the place."""
    if error.position is None:
        return WattosError(
            f"PromQL: {visible(error.reason)}",
            hint="wattos metrics query --help",
            code="promql_invalid",
            exit_code=ExitCode.USAGE,
            details={"expression": expression},
        )
    before = expression[: error.position]
    begin = before.rfind("\n") + 1
    line = expression[begin:].split("\n", 1)[0]
    column = len(before) - begin
    place = f"column {column + 1}" if "\n" not in expression else f"line {before.count(chr(10)) + 1}"
    indent = " " * len(visible(line[:column]))
    return WattosError(
        f"PromQL: {visible(error.reason)} at {place}\n  {visible(line)}\n  {indent}^",
        hint="wattos metrics list shows what there is; wattos metrics query --help has examples",
        code="promql_invalid",
        exit_code=ExitCode.USAGE,
        details={"expression": expression, "position": error.position, "reason": error.reason},
    )


def failed(error: FailedQueryError) -> WattosError:
    """Return the error (exit 1) for an expression that has no answer over these series."""
    return WattosError(
        f"the query has no answer: {visible(str(error))}",
        hint="narrow it down with labels, or see the series first: wattos metrics list",
        code="query_failed",
    )


def require_series(expression: str, answer: MetricAnswer, metrics: Metrics, at_s: float) -> str:
    """Return what to remark about an empty answer, "" for one with series.

    Raises WattosError (exit 1) when the expression names a metric that nobody has.
    """
    if answer.result:
        return ""
    from wattos_cli.metricstore.named import metric_names
    from wattos_cli.metricstore.promql.errors import PromqlError
    from wattos_platform.contracts.metrics import FAMILIES

    try:
        named = metric_names(expression)
    except PromqlError:  # a Prometheus may know more than our parser
        return "No series."
    known = metrics.names(at_s)
    declared = {f"{each.name}{suffix}" for each in FAMILIES for suffix in ("", "_bucket", "_sum", "_count")}
    for name in sorted(named - set(known) - declared):
        raise _unknown(name, {*known, *declared})
    rare = sorted(named & declared - set(known))
    return f"No series: nothing has made {rare[0]} count yet." if rare else "No series at that time."


def _unknown(name: str, known: set[str]) -> WattosError:
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    guess = f"; did you mean {near[0]}?" if near else ""
    return WattosError(
        f"no such series: {visible(name)}{guess}",
        hint="see what there is: wattos metrics list",
        code="no_such_series",
        details={"name": name, "near": near},
    )
