"""Are metrics kept, and is what is kept as it was written."""

from collections.abc import Sequence

from wattos_cli.config import Config, load
from wattos_cli.deps import Deps
from wattos_cli.diagnosis.findings import Finding, Level, ok
from wattos_cli.errors import WattosError
from wattos_cli.metricstore.store.reader import Reader
from wattos_cli.project import Project

_NAME = "metrics"
_FORGOTTEN_SCRAPES = 12
_MEGABYTE = 1_000_000
_LATEST_MS = 2**62


def kept(project: Project, deps: Deps) -> Sequence[Finding]:
    """Check that metrics are kept while something runs, and that what is kept can be read."""
    reader = Reader(project.metrics_dir)
    series = reader.series((), 0, _LATEST_MS)
    last_ms = reader.last_ms()
    findings = [_damaged(reader)] if reader.damaged else []
    if last_ms is not None:
        findings += _late(project, deps, deps.clock() - last_ms / 1000)
    if findings:
        return findings
    if last_ms is None:
        return [ok(_NAME, "none are kept yet")]
    size_bytes = reader.size_bytes()
    size = f"{size_bytes / 1e6:.1f} MB" if size_bytes >= _MEGABYTE else f"{size_bytes / 1e3:.0f} kB"
    return [ok(_NAME, f"{len(series)} series are kept, {size} on disk")]


def _damaged(reader: Reader) -> Finding:
    first = min(reader.damaged)
    message = (
        f"{len(reader.damaged)} files are not as they were written and are passed over, {first.name} first"
    )
    return Finding(_NAME, Level.WARNING, message, f"rm {first}")


def _late(project: Project, deps: Deps, age_s: float) -> list[Finding]:
    config = _config(project, deps)
    if config is None:
        return []
    interval_s = config.scrape_interval_s
    if age_s < -interval_s:
        message = f"the newest sample is {-age_s:.0f} s ahead of the clock, which was wrong then or is now"
        return [Finding(_NAME, Level.WARNING, message, "date   and if it is right: wattos down, wattos up")]
    runs = bool((project.read_services() or {}).get("supervisor"))
    if runs and config.setting("metrics.enabled").value and age_s > _FORGOTTEN_SCRAPES * interval_s:
        message = f"nothing was scraped for {age_s:.0f} s although the platform runs"
        return [Finding(_NAME, Level.WARNING, message, f"tail {project.supervisor_log}")]
    return []


def _config(project: Project, deps: Deps) -> Config | None:
    """Return the configuration; None when it is invalid, which is another check's finding."""
    try:
        return load(project.root, deps.environ)
    except WattosError:
        return None
