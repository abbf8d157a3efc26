"""What is known of the targets, in the shape of Prometheus' `/api/v1/targets`."""

from collections.abc import Iterable
from typing import Any

from wattos_cli.logstore.instants import rfc3339
from wattos_cli.supervisor.addresses import Address
from wattos_cli.supervisor.scrape.recorder import TargetState
from wattos_cli.supervisor.scrape.settings import ScrapeSettings

_NEVER = "0001-01-01T00:00:00Z"


def targets(states: Iterable[TargetState], settings: ScrapeSettings) -> dict[str, Any]:
    """Return all targets.

    Ours are `samplesRefused`, lines that were passed over in the last scrape, and `samplesDropped`, all
    samples that were not kept because the clock had gone back.
    """
    return {"activeTargets": [_target(state, settings) for state in states], "droppedTargets": []}


def _target(state: TargetState, settings: ScrapeSettings) -> dict[str, Any]:
    target, fetched, outcome = state.target, state.fetched, state.outcome
    health = "unknown" if outcome is None else "up" if outcome.up else "down"
    return {
        "discoveredLabels": target.labels,
        "labels": target.labels,
        "scrapePool": target.job,
        "scrapeUrl": _url(target.address, target.path),
        "health": health,
        "lastError": outcome.reason if outcome else "",
        "lastScrape": rfc3339(fetched.time_ms / 1000) if fetched else _NEVER,
        "lastScrapeDuration": fetched.duration_s if fetched else 0.0,
        "scrapeInterval": f"{settings.interval_s:g}s",
        "scrapeTimeout": f"{settings.timeout_s:g}s",
        "samplesRefused": outcome.refused if outcome else 0,
        "samplesDropped": outcome.dropped if outcome else 0,
    }


def _url(address: Address, path: str) -> str:
    if address.path:
        return f"unix:{address.path}:{path}"
    return f"{'https' if address.tls else 'http'}://{address.host}:{address.port}{path}"
