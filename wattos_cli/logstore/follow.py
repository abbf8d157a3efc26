"""Files that grow: each line once, through rotation by rename and by copy."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from wattos_cli.logstore.entries import Assembler, Entry, Order
from wattos_cli.logstore.files import CHUNK_BYTES, Family, LogFile
from wattos_cli.logstore.tally import Tally
from wattos_cli.logstore.track import Cut, Track, holds

BATCH_BYTES = 4 * 1024 * 1024
"""Of one family at most this much is read before the others get their turn."""
_IDLE_POLLS = 20
"""A rotated file that grew no more for so many polls will not finish its half line."""
_UNSEEN_POLLS = 3
"""A file without a name for so many polls is gone, as is a copy: a rotation hides one for a moment only."""


class FamilyFollower:
    """Follows one current file and all that rotation makes of it; `tracks` are those already known."""

    def __init__(self, family: Family, joined: Assembler, tracks: Sequence[Track], tally: Tally) -> None:
        self.family = family
        self._joined = joined
        self._tracks = {track.file.identity: track for track in tracks}
        self._segments = max((track.segment for track in tracks), default=-1) + 1
        self._tally = tally
        self._refused: set[Path] = set()
        # Copies that need no reading -> size and time of change: an inode may come back as another file.
        self._copies: dict[tuple[int, int], tuple[int, int]] = {}

    def poll(self) -> tuple[list[Entry], bool]:
        """Return the entries that came since the last call, and whether more is there already."""
        saw_all = self._look()
        entries: list[Entry] = []
        left = BATCH_BYTES
        for track in sorted(self._tracks.values(), key=lambda track: track.segment):
            left -= self._drain(track, left, entries)
            if left <= 0:
                return entries, True
        if saw_all:
            self._give_cuts_up(entries)
        self._forget_gone(entries)
        entries += self._joined.flush()
        return entries, False

    def close(self) -> None:
        """Give all descriptors back."""
        for track in self._tracks.values():
            track.file.close()

    def _look(self) -> bool:
        """Take note of what the names stand for now, and follow what is new among them; False if not of all.

        A known file is kept open, so that its inode cannot come back as another file's. Names are read from
        low to high: a rotation only moves files upwards, so none is missed.
        """
        current = next((track for track in self._tracks.values() if track.age == 0), None)
        found: dict[tuple[int, int], tuple[int, Path, os.stat_result]] = {}
        for age, path in enumerate(self.family.paths()):
            try:
                status = path.stat()
            except OSError:
                continue  # renamed or removed meanwhile: the next look sees where it is
            found[(status.st_dev, status.st_ino)] = (age, path, status)
        for identity, track in self._tracks.items():
            track.age = found[identity][0] if identity in found else -1
        self._copies = {identity: stamp for identity, stamp in self._copies.items() if identity in found}
        fresh = [where for identity, where in found.items() if identity not in self._tracks]
        for age, path, status in sorted(fresh, key=lambda where: -where[0]):
            original = current if current is not None and current.age == 0 and age > 0 else None
            if not self._adopt(path, age, status, original):
                return False  # rotated once more: whatever is newer waits for its elders
        return True

    def _adopt(self, path: Path, age: int, status: os.stat_result, original: Track | None) -> bool:
        """Follow a file not seen before; False if the name stands for another file by now.

        A rotation by rename gives the current name to another file. Where that did not change (`original`),
        a new rotated name is a copy, which needs no reading unless the original was truncated since.
        """
        identity, stamp = (status.st_dev, status.st_ino), (status.st_size, status.st_mtime_ns)
        known_copy = self._copies.get(identity) == stamp
        if known_copy and not any(track.cuts for track in self._tracks.values()):
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
        if file.identity != identity:
            file.close()
            return False
        track = self._continued(file, age)
        if track is None and not known_copy and not (original and original.is_copied_by(file)):
            track = Track.at(file, self._segments, age, 0)
        if track is None:
            self._copies[identity] = stamp
            file.close()
            return True
        self._tracks[identity] = track
        self._segments += 1
        return True

    def _continued(self, file: LogFile, age: int) -> Track | None:
        """Return a track that goes on in the copy of a truncated file; None if this is no such copy."""
        for original in self._tracks.values() if age > 0 else ():
            for cut in original.cuts:
                if holds(file, cut.offset, cut.fingerprint):
                    original.cuts.remove(cut)
                    return Track.of_copy(file, self._segments, age, cut)
        return None

    def _drain(self, track: Track, limit_bytes: int, entries: list[Entry]) -> int:
        """Read what is new in one file into `entries`; returns how many bytes that was."""
        if track.was_truncated():
            track.start_over(self._segments)
            self._segments += 1
            self._tally.notices.append(f"{track.file.path.name} was truncated; reading it from its start")
        read_bytes = 0
        while read_bytes < limit_bytes and (chunk := track.take(CHUNK_BYTES)):
            read_bytes += len(chunk)
            entries += self._joined.feed(track.file, track.segment, track.splitter.feed(chunk))
        track.idle_polls = 0 if read_bytes else track.idle_polls + 1
        if track.idle_polls == _IDLE_POLLS and track.age > 0:
            entries += self._joined.feed(track.file, track.segment, track.splitter.finish())
        return read_bytes

    def _give_cuts_up(self, entries: list[Entry]) -> None:
        """Give out the half lines from before truncations of which no copy was found."""
        for track in self._tracks.values():
            for cut in list(track.cuts):
                cut.looks += 1
                if cut.looks >= _UNSEEN_POLLS:
                    self._finish_cut(track, cut, entries)

    def _finish_cut(self, track: Track, cut: Cut, entries: list[Entry]) -> None:
        entries += self._joined.feed(track.file, track.segment, cut.splitter.finish())
        track.cuts.remove(cut)

    def _forget_gone(self, entries: list[Entry]) -> None:
        for track in list(self._tracks.values()):
            track.unseen_polls = track.unseen_polls + 1 if track.age < 0 else 0
            if track.unseen_polls >= _UNSEEN_POLLS:
                for cut in list(track.cuts):
                    self._finish_cut(track, cut, entries)
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
