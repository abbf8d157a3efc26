"""One call of `wattos logs`: the files it opened, what they hold, and what is written to them from now on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.logstore import segments as parts
from wattos_cli.logstore.backwards import last_line_end
from wattos_cli.logstore.criteria import Criteria
from wattos_cli.logstore.entries import Assembler, Entry
from wattos_cli.logstore.files import Family, open_family
from wattos_cli.logstore.follow import FamilyFollower, follow
from wattos_cli.logstore.history import Source, assembler, history, newest, wanted
from wattos_cli.logstore.segments import Segment
from wattos_cli.logstore.tally import Tally
from wattos_cli.logstore.track import Track


@dataclass(frozen=True)
class Extent:
    """How much is read: the run `back` starts ago (None: all runs), the `last` entries (None: all)."""

    back: int | None = None
    last: int | None = None
    follow: bool = False


class Session:
    """Opens every file once, so that history and following meet at the very byte."""

    def __init__(self, families: Iterable[Family], criteria: Criteria, extent: Extent, tally: Tally) -> None:
        """Open the families' files; WattosError if one cannot be read."""
        self._criteria = criteria
        self._extent = extent
        self._tally = tally
        self._sources: list[Source] = []
        self._opened: list[tuple[Source, list[Segment]]] = []
        self._something = False
        for family in families:
            self._open(family)

    @property
    def empty(self) -> bool:
        """Say whether there is nothing to read: no file, or none of the run asked for."""
        return not any(source.segments for source in self._sources)

    @property
    def out_of_time(self) -> bool:
        """Say whether there is nothing to read only because of when it was written."""
        return self.empty and self._something

    def history(self) -> Iterator[Entry]:
        """Yield what the files hold of what is wanted, in order of time."""
        return history(self._sources, self._criteria, self._tally, self._extent.last)

    def follow(
        self, discover: Callable[[], Iterable[Family]], pause: Callable[[], None]
    ) -> Iterator[list[Entry]]:
        """Yield batches of what is written from now on, after `history` was read to its end.

        `discover` returns all families there are by now, `pause` waits a moment.
        """
        followers = []
        for source, everything in self._opened:
            newest_number = everything[-1].number if everything else 0
            tracks = [
                Track.at(segment.file, segment.number, newest_number - segment.number, segment.end)
                for segment in everything
            ]
            followers.append(FamilyFollower(source.family, source.assembler, tracks, self._tally))

        def arrivals() -> Sequence[FamilyFollower]:
            known = {follower.family.path for follower in followers}
            new = [family for family in discover() if family.path not in known]
            return [
                FamilyFollower(family, Assembler(len(followers) + number), [], self._tally)
                for number, family in enumerate(new)
            ]

        for batch in follow(followers, arrivals, pause):
            yield list(newest(wanted(batch, self._criteria, self._tally), self._tally, None))

    def close(self) -> None:
        """Give all descriptors back."""
        for _, everything in self._opened:
            for segment in everything:
                segment.file.close()

    def _open(self, family: Family) -> None:
        try:
            files = open_family(family)
        except OSError as error:
            raise _unreadable(family, error) from None
        everything = parts.whole(files)
        if self._extent.follow and everything:
            everything[-1] = _whole_lines(everything[-1])
        source = Source(
            len(self._sources),
            family,
            self._cut(everything),
            assembler(len(self._sources), self._criteria, self._tally),
        )
        self._sources.append(source)
        self._opened.append((source, everything))

    def _cut(self, everything: Sequence[Segment]) -> list[Segment]:
        cut = list(everything)
        criteria, extent = self._criteria, self._extent
        if extent.back is not None:
            cut = parts.run(cut, extent.back)
        self._something = self._something or bool(cut)
        if criteria.since_s is not None or criteria.until_s is not None:
            cut = parts.in_time(cut, criteria.since_s, criteria.until_s)
        if extent.last is not None and not criteria.selective and criteria.until_s is None:
            cut = parts.newest(cut, extent.last)
        return cut


def _whole_lines(segment: Segment) -> Segment:
    """Return the segment without the half line that may be being written: following will see it whole."""
    return replace(segment, end=last_line_end(segment.file, segment.end))


def _unreadable(family: Family, error: OSError) -> WattosError:
    hint = "name a text file that you may read: wattos logs --file PATH"
    if family.path.is_fifo():
        hint = "what a command writes is read from stdin: COMMAND | wattos logs --file -"
    return WattosError(
        f"cannot read {family.path}: {error.strerror}",
        hint=hint,
        code="log_not_readable",
        exit_code=ExitCode.NO,
        details={"path": str(family.path)},
    )
