"""From what a target answered to rows of the store, and to words in supervisor.log when something changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wattos_cli.metricstore.exposition import Exposition, ExpositionError, Reader, Sample
from wattos_cli.metricstore.series import NAME, Labels
from wattos_cli.metricstore.store.writer import Writer
from wattos_cli.supervisor.scrape.settings import ScrapeSettings
from wattos_cli.supervisor.scrape.targets import Target

_OWN = ("up", "scrape_duration_seconds", "scrape_samples_scraped")


class Tell(Protocol):
    """Writes one record to the supervisor's log, as `journal.write` does."""

    def __call__(self, event: str, message: str, *, level: str = "info", target: str) -> None:
        """Write it."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer of a target to one scrape, or the `reason` why there is none."""

    time_ms: int
    duration_s: float
    body: bytes = b""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one scrape came to: why a target is down, how many lines are no samples.

    `dropped` are the samples that this supervisor did not keep of the target, as its clock had gone back;
    `lost` is why those of this scrape are not kept.
    """

    instance: str
    up: bool
    samples: int = 0
    refused: int = 0
    dropped: int = 0
    reason: str = ""
    lost: str = ""


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target and its last scrape, without the body; None before the first."""

    target: Target
    fetched: Fetched | None
    outcome: Outcome | None


class Recorder:
    """Keeps what was fetched. Not for more than one thread."""

    def __init__(self, folder: Path, settings: ScrapeSettings, now_ms: int, tell: Tell) -> None:
        """Open the store; OSError when that is not possible."""
        interval_ms = int(settings.interval_s * 1000)
        self._store = Writer(folder, settings.keep, now_ms=now_ms, interval_ms=interval_ms)
        self._tell = tell
        self._readers: dict[str, Reader] = {}
        self._told: dict[tuple[str, str], str] = {}

    def record(self, target: Target, fetched: Fetched) -> Outcome:
        """Write the row of one scrape: what was exposed, and `up`, duration and count of samples."""
        found, reason = self._read(target, fetched)
        count = len(found.samples)
        values = (0.0 if reason else 1.0, fetched.duration_s, float(count))
        own = [(_named(name, target), value) for name, value in zip(_OWN, values, strict=True)]
        taken = {labels for labels, _ in own}
        samples = [sample for sample in found.samples if sample[0] not in taken]
        self._say(target, "scrape", reason, f"{target.instance} cannot be scraped: {reason}")
        self._say_refused(target, found)
        lost = self._append(target, fetched.time_ms, [*own, *samples], found)
        dropped = self._store.dropped[target.instance]
        return Outcome(target.instance, not reason, count, found.refused, dropped, reason, lost)

    def end(self, target: Target, time_ms: int) -> None:
        """End the series of a target that is none any more."""
        self._readers.pop(target.instance, None)
        try:
            self._store.end(target.instance, time_ms)
        except OSError as error:
            self._failed(target, error)

    def close(self, time_ms: int) -> None:
        """End all series; OSError when that cannot be written."""
        self._store.close(time_ms)

    def _read(self, target: Target, fetched: Fetched) -> tuple[Exposition, str]:
        if fetched.reason:
            return Exposition(), fetched.reason
        reader = self._readers.setdefault(target.instance, Reader(target.labels))
        try:
            found = reader.read(fetched.body)
        except ExpositionError as error:
            return Exposition(), str(error)
        if found.problems and not found.samples:  # a page for people, perhaps
            first = found.problems[0]
            return found, f"none of its lines is a sample, not line {first.line} either: {first.reason}"
        return found, ""

    def _append(self, target: Target, time_ms: int, samples: Sequence[Sample], found: Exposition) -> str:
        """Write a row; return why it could not be written, "" when it was."""
        try:
            written = self._store.append(target.instance, time_ms, samples)
            if found.families and written:
                self._store.describe(target.instance, found.families)
        except OSError as error:
            return self._failed(target, error)
        self._say(target, "store", "", "")
        backwards = "" if written else "the clock went back"
        message = f"samples of {target.instance} are dropped until the clock is where it was: it went back"
        self._say(target, "clock", backwards, message)
        return backwards

    def _failed(self, target: Target, error: OSError) -> str:
        why = error.strerror or str(error)
        self._say(target, "store", why, f"samples of {target.instance} cannot be written: {why}")
        return why

    def _say_refused(self, target: Target, found: Exposition) -> None:
        if not found.problems:
            self._say(target, "exposition", "", "")
            return
        first = found.problems[0]
        message = (
            f"{target.instance} exposes {found.refused} lines that are passed over, the first in line "
            f"{first.line}: {first.reason}"
        )
        self._say(target, "exposition", "garbled", message)

    def _say(self, target: Target, about: str, state: str, message: str) -> None:
        """Tell a change of one thing about a target: once when it becomes bad, once when it is well again."""
        key = (target.instance, about)
        before = self._told.get(key, "")
        if state and not before:
            self._tell(f"{about}.failed", message, level="warning", target=target.job)
        elif before and not state:
            self._tell(f"{about}.recovered", f"{target.instance}: well again", target=target.job)
        self._told[key] = state


def _named(name: str, target: Target) -> Labels:
    return tuple(sorted({NAME: name, **target.labels}.items()))
