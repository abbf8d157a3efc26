"""What answers PromQL: the platform's own store, or a Prometheus."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wattos_cli.deps import Deps, Metrics
from wattos_cli.errors import ExitCode, WattosError, usage

if TYPE_CHECKING:
    from wattos_cli.clients.prometheus import Prometheus
    from wattos_cli.metricstore.store.reader import Reader

_TOKEN = "WATTOS_PROMETHEUS_TOKEN"  # noqa: S105 - the name of a variable
_TOKEN_HINT = "write the token, and nothing else, into a file: --token-file FILE"  # noqa: S105 - a hint


@dataclass(frozen=True)
class MetricsEndpoint:
    """The platform's own store, or the Prometheus at `url`, which gets the token in `token_file`."""

    url: str = ""
    token_file: Path | None = None
    timeout_s: float = 30.0


def metrics(endpoint: MetricsEndpoint, deps: Deps) -> Metrics:
    """Return what answers; WattosError when the address or the token is none, or nothing was ever scraped."""
    if endpoint.url:
        return prometheus(endpoint, deps)
    if endpoint.token_file is not None:
        raise usage("--token-file is for a Prometheus", "name it: --prometheus URL")
    from wattos_cli.metricstore.stored import StoredMetrics

    kept = store(deps)
    return StoredMetrics(kept, kept, kept.damaged)


def store(deps: Deps) -> "Reader":
    """Return what was scraped in this project; WattosError (exit 4) when that is nothing."""
    from wattos_cli.metricstore.store.reader import Reader
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
    return reader


def prometheus(endpoint: MetricsEndpoint, deps: Deps) -> "Prometheus":
    """Return the Prometheus at `endpoint.url`; WattosError when the address or the token is none."""
    from wattos_cli.clients.addresses import check_address
    from wattos_cli.clients.credentials import option_token
    from wattos_cli.clients.prometheus import Prometheus

    check_address("--prometheus", endpoint.url, "http://127.0.0.1:9090", f"{_TOKEN}_FILE")
    file = None if endpoint.token_file is None else deps.cwd / endpoint.token_file
    token = option_token(file, deps.environ, _TOKEN, _TOKEN_HINT)
    return Prometheus(deps.http, endpoint.url.rstrip("/"), token, endpoint.timeout_s)
