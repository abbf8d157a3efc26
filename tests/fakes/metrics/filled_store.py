"""A project's store of metrics, filled as if its services had been scraped for a while."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wattos_cli.metricstore.exposition import Family
from wattos_cli.metricstore.series import NAME, Labels
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer
from wattos_cli.project import Project
from wattos_platform.contracts.metrics import FAMILIES

KEEP = Keep(86_400_000, 100_000_000)


@dataclass
class Scraped:
    """Series that end at `until_s` and were scraped every `step_s`; `write` puts them into a project."""

    until_s: float = 1_700_000_000.0
    step_s: float = 5.0
    targets: dict[str, dict[Labels, Sequence[float]]] = field(default_factory=dict)

    def add(self, target: str, name: str, values: Sequence[float], /, **labels: str) -> "Scraped":
        """Add a series of the replica `target` (`chat-0`), whose last value is of `until_s`."""
        job = target.rpartition("-")[0]
        named = {NAME: name, "job": job, "instance": target, **labels}
        self.targets.setdefault(target, {})[tuple(sorted(named.items()))] = values
        return self

    def write(self, root: Path) -> None:
        """Write all series into the project at `root`."""
        until_ms = round(self.until_s * 1000)
        writer = Writer(
            Project(root).metrics_dir, KEEP, now_ms=until_ms, interval_ms=round(self.step_s * 1000)
        )
        for target, series in self.targets.items():
            for time_ms, samples in self._rows(series, until_ms):
                writer.append(target, time_ms, samples)
            writer.describe(target, {family.name: Family(family.kind) for family in FAMILIES})

    def _rows(
        self, series: Mapping[Labels, Sequence[float]], until_ms: int
    ) -> list[tuple[int, list[tuple[Labels, float]]]]:
        longest = max(map(len, series.values()))
        rows = []
        for back in range(longest - 1, -1, -1):
            samples = [
                (labels, values[len(values) - 1 - back])
                for labels, values in series.items()
                if back < len(values)
            ]
            rows.append((until_ms - round(back * self.step_s * 1000), samples))
        return rows
