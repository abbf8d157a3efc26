"""Files that grow: each line once, through rotation by rename and by copy."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from wattos_cli.logstore.entries import Assembler, Entry, Order
from wattos_cli.logstore.files import CHUNK_BYTES, Family, LogFile
from wattos_cli.logstore.tally import Tally
from wattos_cli.logstore.track import Track, holds

BATCH_BYTES = 4 * 1024 * 1024
"""Of one family at most this much is read before the others get their turn."""
_IDLE_POLLS = 20
"""A rotated file that grew no more for so many polls will not finish its half line."""
_UNSEEN_POLLS = 3
"""A file without a name for so many polls is gone: a rotation hides one for a moment only."""


class FamilyFollower:
    """Follows one current file and all that rotation makes of it; `tracks` are those already known."""

    def __init__(self, family: Family, joined: Assembler, tracks: Sequence[Track], tally: Tally) -> None:
        self.family = family
        self._joined = joined
        self._tracks = {track.file.identity: track for track in tracks}
        self._segments = max((track.segment for track in tracks), default=-1) + 1
        self._tally = tally
        self._refused: set[Path] = set()

    def poll(self) -> tuple[list[Entry], bool]:
        """Return the entries that came since the last call, and whether more is there already."""
        self._look()
        entries: list[Entry] = []
        left = BATCH_BYTES
        for track in sorted(self._tracks.values(), key=lambda track: track.segment):
            left -= self._drain(track, left, entries)
            if left <= 0:
                return entries, True
        self._forget_gone(entries)
        entries += self._joined.flush()
        return entries, False

    def close(self) -> None:
        """Give all descriptors back."""
        for track in self._tracks.values():
            track.file.close()

    def _look(self) -> None:
        """Take note of what the names stand for now, and follow what is new among them.

        A known file is kept open, so that its inode cannot come back as another file's. Names are read from
        low to high: a rotation only moves files upwards, so none is missed.
        """
        paths: dict[tuple[int, int], tuple[int, Path]] = {}
        for age, path in enumerate(self.family.paths()):
            try:
                status = path.stat()
            except OSError:
                continue  # renamed or removed meanwhile: the next look sees where it is
            paths[(status.st_dev, status.st_ino)] = (age, path)
        current = next((track for track in self._tracks.values() if track.age == 0), None)
        for identity, track in self._tracks.items():
            track.age = paths[identity][0] if identity in paths else -1
        fresh = [where for identity, where in paths.items() if identity not in self._tracks]
        for age, path in sorted(fresh, reverse=True):
            if not self._adopt(path, age, current, paths):
                break  # rotated once more: whatever is newer waits for its elders

    def _adopt(
        self,
        path: Path,
        age: int,
        current: Track | None,
        paths: Mapping[tuple[int, int], tuple[int, Path]],
    ) -> bool:
        """Follow a file not seen before; False if the name stands for another file by now.

        A rotation by rename gives the current name to another file. Where that did not change, a new
        rotated name is a copy: of what was cut off, which is read on from there, or of what is still there.
        """
        copied = current is not None and current.age == 0 and age > 0
        cut = current.cut if current is not None and copied else None
        if copied and cut is None:
            return True
        try:
            file = LogFile(path, self.family)
        except FileNotFoundError:
            return False
        except OSError as error:
            if path not in self._refused:
                self._refused.add(path)
                self._tally.notices.append(f"cannot follow {path}: {error.strerror}")
            return True
        if paths.get(file.identity) != (age, path):
            file.close()
            return False
        if cut is None:
            self._tracks[file.identity] = Track.at(file, self._segments, age, 0)
        elif current is not None and holds(file, cut.offset, cut.fingerprint):
            self._tracks[file.identity] = Track.of_copy(file, self._segments, age, cut)
            current.cut = None
        else:
            file.close()
            return True
        self._segments += 1
        return True

    def _drain(self, track: Track, limit_bytes: int, entries: list[Entry]) -> int:
        """Read what is new in one file into `entries`; returns how many bytes that was."""
        if track.was_truncated():
            self._finish_cut(track, entries)
            track.start_over(self._segments)
            self._segments += 1
            self._tally.notices.append(f"{track.file.path.name} was truncated; reading it from its start")
        read_bytes = 0
        while read_bytes < limit_bytes and (chunk := track.take(CHUNK_BYTES)):
            read_bytes += len(chunk)
            entries += self._joined.feed(track.file, track.segment, track.splitter.feed(chunk))
        track.idle_polls = 0 if read_bytes else track.idle_polls + 1
        track.cut_polls += 1
        if track.cut_polls >= _UNSEEN_POLLS:
            self._finish_cut(track, entries)
        if track.idle_polls == _IDLE_POLLS and track.age > 0:
            entries += self._joined.feed(track.file, track.segment, track.splitter.finish())
        return read_bytes

    def _finish_cut(self, track: Track, entries: list[Entry]) -> None:
        """Give out the half line from before a truncation of which no copy was found."""
        if track.cut:
            entries += self._joined.feed(track.file, track.segment, track.cut.splitter.finish())
            track.cut = None

    def _forget_gone(self, entries: list[Entry]) -> None:
        for track in list(self._tracks.values()):
            track.unseen_polls = track.unseen_polls + 1 if track.age < 0 else 0
            if track.unseen_polls >= _UNSEEN_POLLS:
                self._finish_cut(track, entries)
                entries += self._joined.feed(track.file, track.segment, track.splitter.finish())
                track.file.close()
                del self._tracks[track.file.identity]


def follow(
    followers: list[FamilyFollower],
    arrivals: Callable[[], Sequence[FamilyFollower]],
    pause: Callable[[], None],
) -> Iterator[list[Entry]]:
    """Yield batches of new entries, each in order of time, for ever; after each comes a pause.

    `arrivals` returns followers for files not followed yet, such as a new replica's.
    """
    while True:
        followers += arrivals()
        batch: list[tuple[Order, Entry]] = []
        more = False
        for follower in followers:
            found, unread = follower.poll()
            more = more or unread
            batch += ((entry.order, entry) for entry in found)
        yield [entry for _, entry in sorted(batch, key=lambda pair: pair[0])]
        if not more:
            pause()
