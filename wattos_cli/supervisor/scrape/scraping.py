"""The scraper of a running platform: begun with the first `up`, and anew when its settings change."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor.background import Sleep, restarting

if TYPE_CHECKING:
    from wattos_cli.supervisor.scrape.recorder import Outcome
    from wattos_cli.supervisor.scrape.scraper import Scraper

# Services start first; what scraping needs is imported meanwhile.
_HEAD_START_S = 0.5


class Scraping:
    """Owns the scraper and its task."""

    def __init__(
        self,
        rows: Callable[[], Iterable[Mapping[str, Any]]],
        folder: Path,
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._rows = rows
        self._sleep = sleep
        self._folder = folder
        self._wanted: Mapping[str, Any] | None = None
        self._scraper: Scraper | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Lock()  # two scrapers would write the same files

    def obey(self, settings: Mapping[str, Any]) -> None:
        """Scrape as `settings` say from now on; nothing happens when they are the same as before."""
        if settings == self._wanted:
            return
        self._wanted = settings
        self._task = asyncio.create_task(self._renewed(self._task))

    async def scrape_now(self) -> dict[str, Any]:
        """Scrape every target at once; return what came of each.

        Raises WattosError (exit 4) when metrics are not kept, or cannot be written.
        """
        try:
            outcomes = await self._outcomes()
        except OSError as error:
            raise self._not_written(error.strerror or str(error)) from error
        lost = next((outcome.lost for outcome in outcomes if outcome.lost), "")
        if lost:  # who asks now would be answered with what was kept before, as if it were new
            raise self._not_written(lost)
        return {"targets": [asdict(outcome) for outcome in outcomes]}

    def targets(self) -> dict[str, Any]:
        """Return what is known of all targets, as Prometheus tells it; none when no metrics are kept."""
        scraper = self._scraper
        if scraper is None:
            return {"activeTargets": [], "droppedTargets": []}
        from wattos_cli.supervisor.scrape import target_status

        return target_status.targets(scraper.states(), scraper.settings)

    async def close(self) -> None:
        """End the scraper, for good; the series of all targets end."""
        self._wanted = None
        await self._end(self._task)
        self._task = None

    async def _renewed(self, before: "asyncio.Task[None] | None") -> None:
        await self._end(before)
        await self._sleep(_HEAD_START_S)
        await restarting(self._run, "scraping", sleep=self._sleep)

    async def _run(self) -> None:
        scraper = self._made()
        if scraper is not None:
            await scraper.run()

    async def _end(self, task: "asyncio.Task[None] | None") -> None:
        async with self._closing:
            await _ended(task)
            if self._scraper is not None:
                await self._scraper.close()
                self._scraper = None

    async def _outcomes(self) -> "list[Outcome]":
        """Scrape with the scraper that is wanted: when that one is replaced meanwhile, with the next."""
        from wattos_cli.supervisor.scrape.scraper import ScraperClosedError

        while True:
            async with self._closing:
                scraper = self._made()
            if scraper is None:
                raise WattosError(
                    "no metrics are kept: they are switched off",
                    hint="set [metrics] enabled = true in wattos.toml, then: wattos up",
                    code="metrics_not_kept",
                    exit_code=ExitCode.UNREACHABLE,
                )
            with contextlib.suppress(ScraperClosedError):
                return await scraper.scrape_now()

    def _not_written(self, why: str) -> WattosError:
        return WattosError(
            f"cannot keep metrics in {self._folder}: {why}",
            hint="make room there, or let the user who started the platform write there. See: wattos doctor",
            code="metrics_not_written",
            exit_code=ExitCode.UNREACHABLE,
        )

    def _made(self) -> "Scraper | None":
        """Return the scraper as it is wanted, None when it is not."""
        if self._scraper is None and self._wanted is not None:
            from wattos_cli.supervisor.scrape.scraper import Scraper
            from wattos_cli.supervisor.scrape.settings import ScrapeSettings

            settings = ScrapeSettings.from_json(self._wanted)
            self._scraper = Scraper(self._rows, self._folder, settings) if settings.enabled else None
        return self._scraper


async def _ended(task: "asyncio.Task[None] | None") -> None:
    """Cancel `task` and return when it has ended."""
    if task is not None:
        task.cancel()
        await asyncio.wait({task})
