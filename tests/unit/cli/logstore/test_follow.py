"""Following real files through rotations: each line once, whatever the writer and the rotation do."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.fakes.cli.logfiles import append, copytruncate, follower, line, messages, polled, rotate, write
from wattos_cli.logstore.entries import Assembler
from wattos_cli.logstore.files import Family
from wattos_cli.logstore.follow import FamilyFollower, follow
from wattos_cli.logstore.tally import Tally


def test_what_was_there_is_not_shown_again(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "old")])
    one = follower(path, from_start=False)
    append(path, line(2, "new"))
    assert polled(one, 3) == ["new"]


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [])
    one = follower(path)
    whole = line(1, "whole")
    with path.open("ab", buffering=0) as file:
        file.write(whole[:20])
        assert polled(one) == []
        file.write(whole[20:] + b"\n")
    assert polled(one) == ["whole"]


def test_text_that_comes_later_still_belongs_to_its_record(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "fails", level="error")])
    one = follower(path)
    assert polled(one) == ["fails"]
    append(path, b"Traceback:", b"  more")
    (entry,) = one.poll()[0]
    assert (entry.text_only, entry.record["level"], entry.lines) == (True, "error", 2)


def test_a_renamed_file_is_read_to_its_end_before_the_new_one(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    one = follower(path)
    writer = path.open("ab", buffering=0)
    assert polled(one) == ["a"]
    rotate(path)
    writer.write(line(2, "b, still to the old file") + b"\n")
    append(path, line(3, "c"))
    writer.write(line(2.5, "b2") + b"\n")
    assert polled(one) == ["b, still to the old file", "b2", "c"]
    writer.write(line(4, "a straggler") + b"\n")
    assert polled(one, 30) == ["a straggler"]
    writer.close()


def test_several_rotations_between_two_looks(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(0, "0")])
    one = follower(path)
    assert polled(one) == ["0"]
    for number in range(1, 5):
        append(path, line(number, f"{number} before"))
        rotate(path)
        append(path, line(number, f"{number} after"))
    expected = [f"{number} {when}" for number in range(1, 5) for when in ("before", "after")]
    assert polled(one, 30) == expected


def test_a_removed_file_that_comes_back_is_read_from_its_start(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    one = follower(path)
    assert polled(one) == ["a"]
    path.unlink()
    assert polled(one, 5) == []
    append(path, line(2, "b"))
    assert polled(one, 5) == ["b"]


def test_half_a_line_of_a_rotated_file_is_given_up_after_a_while(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    one = follower(path)
    append(path, b'{"half')
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)
    rotate(path)
    append(path, line(2, "b"))
    assert polled(one, 40) == ["a", "b", '{"half']


def test_batches_are_in_order_of_time_and_newcomers_join(tmp_path: Path) -> None:
    chat, rag = tmp_path / "chat.0.log", tmp_path / "rag.0.log"
    write(chat, [line(1, "1"), line(3, "3")])
    write(rag, [line(2, "2")])
    newcomers = [[follower(chat)], [follower(rag)]]
    pauses: list[str] = []

    def arrivals() -> list[FamilyFollower]:
        return newcomers.pop(0) if newcomers else []

    def pause() -> None:
        pauses.append("pause")
        append(chat, line(5, "5"))
        append(rag, line(4, "4"))

    batches = follow([], arrivals, pause)
    assert [messages(next(batches)) for _ in range(2)] == [["1", "3"], ["2", "4", "5"]]
    assert pauses == ["pause"]


class Following(RuleBasedStateMachine):
    """Any mix of writing, rotating and looking: in the end each line was shown once, in order per file."""

    @initialize()
    def start(self) -> None:
        self.path = self.fresh()
        self.one = follower(self.path)
        self.written: list[str] = []
        self.seen: list[str] = []
        self.unseen_rotations = 0

    fresh: Callable[[], Path]

    @rule(count=st.integers(1, 3), half=st.booleans())
    def write(self, count: int, half: bool) -> None:
        for _ in range(count):
            name = str(len(self.written))
            data = line(len(self.written), name) + b"\n"
            with self.path.open("ab", buffering=0) as file:
                if half:
                    file.write(data[:15])
                    self.look()
                    file.write(data[15:])
                else:
                    file.write(data)
            self.written.append(name)

    @rule()
    def rename(self) -> None:
        if self.unseen_rotations < 4:
            self.unseen_rotations += 1
            rotate(self.path)

    @rule()
    def copy_and_truncate(self) -> None:
        self.look()
        if self.path.exists():
            copytruncate(self.path)
        self.look()

    @rule()
    def look(self) -> None:
        self.seen += polled(self.one)
        self.unseen_rotations = 0

    @invariant()
    def nothing_twice(self) -> None:
        assert len(set(self.seen)) == len(self.seen)

    def teardown(self) -> None:
        if hasattr(self, "one"):
            self.seen += polled(self.one, 30)
            self.one.close()
            assert sorted(self.seen, key=int) == self.written


def test_any_mix_of_writing_and_rotating(tmp_path: Path) -> None:
    count = 0

    def fresh(_self: object) -> Path:
        nonlocal count
        count += 1
        folder = tmp_path / str(count)
        folder.mkdir()
        return write(folder / "chat.0.log", [])

    Following.fresh = fresh  # type: ignore[assignment,method-assign]
    case = Following.TestCase
    case.settings = settings(max_examples=60, stateful_step_count=20)
    case("runTest").runTest()


@pytest.mark.parametrize("rotated", [rotate, copytruncate], ids=["rename", "copytruncate"])
def test_a_busy_writer_over_many_rotations(tmp_path: Path, rotated: Callable[[Path], None]) -> None:
    path = write(tmp_path / "chat.0.log", [])
    one = follower(path)
    total, every = 6000, 500
    done = threading.Event()
    turn = threading.Semaphore(3)

    def writer() -> None:
        for number in range(total):
            if number and number % every == 0:
                turn.acquire()
                rotated(path)
            append(path, line(number, str(number)))
        done.set()

    thread = threading.Thread(target=writer)
    thread.start()
    seen: list[str] = []
    while not done.is_set():
        seen += polled(one)
        turn.release()  # so many rotations may happen unseen that no file leaves the family unread
        if turn._value > 3:
            turn.acquire(blocking=False)
    thread.join()
    seen += polled(one, 40)
    assert sorted(int(name) for name in seen) == list(range(total))
    assert rotated is not rotate or seen == sorted(seen, key=int)


def test_a_name_that_is_no_file_is_told_once_and_hinders_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a")])
    (tmp_path / "chat.0.log.3").mkdir()
    tally = Tally()
    one = follower_of_nothing(path, tally)
    assert polled(one, 3) == ["a"]
    assert len(tally.notices) == 1


def follower_of_nothing(path: Path, tally: Tally) -> FamilyFollower:
    return FamilyFollower(Family(path, "chat", "0"), Assembler(0), [], tally)
