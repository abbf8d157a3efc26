"""Scrapes out of turn: for an assertion, and for a platform so young that nothing was scraped yet."""

from collections.abc import Callable
from typing import TypeVar

from wattos_cli.deps import Deps
from wattos_cli.errors import WattosError

T = TypeVar("T")
# A scrape that is under way, then ours; each may take as long as a scrape may.
_SCRAPE_TIMEOUT_S = 25.0


def scrape_now(deps: Deps, timeout_s: float = _SCRAPE_TIMEOUT_S) -> None:
    """Have every service scraped; WattosError when the platform does not run (exit 4) or is too slow."""
    from wattos_cli.clients import running
    from wattos_cli.supervisor import operate
    from wattos_cli.supervisor.client import SupervisorGoneError
    from wattos_cli.supervisor.launch import connect

    project = running.project_of(deps)
    try:
        with connect(project) as client:
            operate.request(client, "scrape", timeout_s)
    except SupervisorGoneError as error:
        raise running.not_running(project) from error


def with_something(deps: Deps, opened: Callable[[], T]) -> T:
    """Return what `opened` gives; when nothing was scraped yet, it is called again after a scrape."""
    try:
        return opened()
    except WattosError as error:
        if error.code != "no_metrics":
            raise
        try:
            scrape_now(deps)
        except WattosError as away:
            if away.code != "platform_not_running":
                raise
            raise error from away
        return opened()
