"""Following files that are rotated by copy: what a copy holds is shown once, whenever it is found."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.cli.logfiles import append, copytruncate, follower, line, polled, rotate, write
from wattos_cli.logstore.files import Family, LogFile
from wattos_cli.logstore.tally import Tally
from wattos_cli.logstore.track import Track


def test_copytruncate_is_noticed_and_the_copy_not_read_twice(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    tally = Tally()
    one = follower(path, tally=tally)
    assert polled(one) == ["a"]
    append(path, line(2, "b, only in the copy"))
    copytruncate(path)
    append(path, line(3, "c"))
    assert sorted(polled(one, 5)) == ["b, only in the copy", "c"]
    assert tally.notices == ["chat.0.log was truncated; reading it from its start"]


@pytest.mark.parametrize("seen", [0, 1])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_several_copytruncates_between_two_looks(tmp_path: Path, seen: int, times: int) -> None:
    path = write(tmp_path / "chat.0.log", [line(0, "seen")] * seen)
    one = follower(path)
    assert polled(one) == ["seen"] * seen
    for number in range(times):
        append(path, line(number, f"{number} a"), line(number, f"{number} b"))
        copytruncate(path)
    append(path, line(9, "last"))
    expected = [f"{number} {which}" for number in range(times) for which in "ab"]
    assert sorted(polled(one, 6)) == [*expected, "last"]


def test_copytruncate_within_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    one = follower(path)
    half = line(2, "cut in two by the reader")
    with path.open("ab", buffering=0) as file:
        file.write(half[:30])
        assert polled(one) == ["a"]
        file.write(half[30:] + b"\n")
    copytruncate(path)
    assert polled(one, 5) == ["cut in two by the reader"]


def test_a_truncated_file_that_has_grown_again_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    one = follower(path)
    assert polled(one) == ["a"]
    with path.open("r+b") as file:
        file.truncate(0)
    append(path, *[line(2, f"longer than before {number}") for number in range(3)])
    assert polled(one, 5) == [f"longer than before {number}" for number in range(3)]


class Overtaken(list[Path]):
    """The names of a family, which is rotated after they were looked up and before one is opened."""

    def __init__(self, names: list[Path], rotation: Callable[[], None]) -> None:
        super().__init__(names)
        self._rotation = rotation

    def __iter__(self) -> Iterator[Path]:
        yield from super().__iter__()
        self._rotation()


@dataclass(frozen=True)
class BusyFamily(Family):
    """A family that `rotation` overtakes at each look."""

    rotation: Callable[[], None] = lambda: None

    def paths(self) -> list[Path]:
        return Overtaken(super().paths(), self.rotation)


@pytest.mark.parametrize("times", [1, 2, 4])
def test_each_copy_is_read_once_though_a_rotation_overtakes_every_look(tmp_path: Path, times: int) -> None:
    path = write(tmp_path / "chat.0.log", [line(0, "0")])
    one = follower(path)
    assert polled(one) == ["0"]
    numbers = iter(range(1, times + 1))

    def rotation() -> None:
        append(path, line(number := next(numbers), f"{number}, only in the copy"))
        copytruncate(path)
        append(path, line(number, str(number)))

    quiet, one.family = one.family, BusyFamily(path, "chat", "0", rotation)
    seen = polled(one, times)
    one.family = quiet
    seen += polled(one, 5)
    expected = [
        text for number in range(1, times + 1) for text in (f"{number}", f"{number}, only in the copy")
    ]
    assert sorted(seen) == expected


class GrowingFile(LogFile):
    """A file of which more is there after each look at its size."""

    def size(self) -> int:
        before = super().size()
        append(self.path, line(1, "a"))
        return before


def test_a_copy_that_has_just_begun_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    copy = write(tmp_path / "chat.0.log.1", [])
    family = Family(path, "chat", "0")
    original = Track.at(LogFile(path, family), 0, 0, 0)
    path.write_bytes(b"")
    assert original.is_copied_by(GrowingFile(copy, family))


def test_what_replaced_a_file_in_this_moment_is_not_its_continuation(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    track = Track.at(LogFile(path, Family(path, "chat", "0")), 0, 0, 0)
    assert track.take(1000) == line(1, "a") + b"\n"
    assert not track.was_truncated()
    write(path, [line(2, "b"), line(3, "c")])
    assert track.take(1000) == b""
    assert track.was_truncated()


def test_a_backup_copy_is_not_taken_for_new_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    one = follower(path)
    assert polled(one) == ["a"]
    shutil.copyfile(path, path.with_name("chat.0.log.1"))
    append(path, line(2, "b"))
    assert polled(one, 30) == ["b"]


def test_a_backup_copy_is_no_news_after_a_rotation_either(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    one = follower(path)
    assert polled(one) == ["a"]
    shutil.copyfile(path, path.with_name("chat.0.log.1"))
    assert polled(one) == []
    rotate(path)
    append(path, line(2, "b"))
    assert polled(one, 5) == ["b"]
