"""Runs and rotated files are found, by bisecting where that can be done."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.cli.logfiles import T0, line, messages, read, sources, write
from wattos_cli.logstore.backwards import last_lines, occurrences
from wattos_cli.logstore.bisect import lower_bound, upper_bound
from wattos_cli.logstore.criteria import Criteria
from wattos_cli.logstore.files import Family, LogFile, open_family
from wattos_cli.logstore.history import entries
from wattos_cli.logstore.segments import Segment, in_time, newest, run, whole
from wattos_cli.logstore.tally import Tally
from wattos_cli.logstore.where import parse


def family(path: Path) -> list[LogFile]:
    return open_family(Family(path, "chat", "0"))


def shown(segments: list[Segment], path: Path) -> list[str]:
    (source,) = sources([path], Criteria(), Tally())
    source.segments = segments
    return messages(entries(source))


def started(second: float) -> bytes:
    return line(second, "up", event="service.started")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three starts over two files, with lines before the oldest start that is still there."""
    path = tmp_path / "chat.0.log"
    write(path.with_name("chat.0.log.1"), [line(1, "old"), started(2), line(3, "one"), started(4)])
    write(path, [line(5, "two, says service.started"), started(6), line(7, "three")])
    return path


@pytest.mark.parametrize(
    ("back", "expected"),
    [
        (0, ["up", "three"]),
        (1, ["up", "two, says service.started"]),
        (2, ["up", "one"]),
        (3, ["old"]),
        (4, []),
    ],
)
def test_a_run_is_what_lies_between_two_starts(runs: Path, back: int, expected: list[str]) -> None:
    assert shown(run(whole(family(runs)), back), runs) == expected


def test_a_file_without_a_start_is_one_run(tmp_path: Path) -> None:
    path = write(tmp_path / "own.log", [b"plain", b"text"])
    assert len(run(whole(family(path)), 0)) == 1
    assert run(whole(family(path)), 1) == []


def test_the_files_of_a_family_come_oldest_first(tmp_path: Path) -> None:
    path = tmp_path / "chat.0.log"
    for age, suffix in enumerate(["", ".1", ".2", ".10", ".gz", ".1x"]):
        write(path.with_name(path.name + suffix), [line(100 - age, suffix)])
    assert [file.path.suffix for file in family(path)] == [".10", ".2", ".1", ".log"]


@given(
    steps=st.lists(st.integers(0, 3), max_size=200),
    at=st.integers(-5, 400),
    noise=st.sets(st.integers(0, 199)),
)
def test_bisecting_finds_what_reading_finds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], at: int, noise: set[int]
) -> None:
    lines, starts, now = [], [], 0
    offset = 0
    for number, step in enumerate(steps):
        now += step
        text = b"text " * 100 if number in noise else line(now, "x" * (number * 37 % 900))
        if number not in noise:
            starts.append((now, offset))
        lines.append(text)
        offset += len(text) + 1
    path = write(tmp_path_factory.mktemp("bisect") / "chat.0.log", lines)
    (file,) = family(path)
    expected_low = next((start for time, start in starts if time >= at), offset)
    expected_high = next((start for time, start in starts if time > at), offset)
    assert lower_bound(file, T0 + at, 0, offset) == expected_low
    assert upper_bound(file, T0 + at, 0, offset) == expected_high


def test_a_minute_is_found_without_reading_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(second, "m") for second in range(50_000)])
    (file,) = family(path)
    taken = 0
    read_really = file.read

    def counting(offset: int, size: int) -> bytes:
        nonlocal taken
        data = read_really(offset, size)
        taken += len(data)
        return data

    file.read = counting  # type: ignore[method-assign]
    (segment,) = in_time([Segment(file, 0, 0, file.size())], T0 + 30_000, T0 + 30_060)
    assert 60 <= (segment.end - segment.start) // len(line(30_000, "m")) <= 70
    assert taken < file.size() / 5


@given(st.binary(max_size=300), st.sampled_from([b"a", b"aa", b"aba", b"\n{"]), st.integers(0, 300))
def test_occurrences_are_found_backwards(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, needle: bytes, start: int
) -> None:
    path = tmp_path_factory.mktemp("back") / "x.log"
    path.write_bytes(data)
    (file,) = family(path)
    expected = [m.start() for m in re.finditer(b"(?=" + re.escape(needle) + b")", data) if m.start() >= start]
    assert list(occurrences(file, needle, start, len(data))) == expected[::-1]


def test_the_last_records_are_counted_with_their_text(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1, "a"), line(2, "b"), b"text", b"text", line(3, "c")])
    (file,) = family(path)
    assert last_lines(file, 2, 0, file.size()) == (len(line(1, "a")) + 1, 2)
    assert last_lines(file, 9, 0, file.size()) == (0, 3)


@pytest.mark.parametrize("last", [0, 1, 3, 10])
def test_the_last_n_over_all_sources(tmp_path: Path, last: int) -> None:
    one = write(tmp_path / "a.0.log", [line(second, str(second)) for second in (1, 3, 5)])
    two = write(tmp_path / "b.0.log", [line(second, str(second)) for second in (2, 4, 6)])
    found, tally = read(one, two, last=last)
    assert messages(found) == ["1", "2", "3", "4", "5", "6"][6 - min(last, 6) :]
    assert (tally.shown, tally.filtered) == (min(last, 6), 6 - min(last, 6))


def test_the_last_records_are_read_without_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(second, str(second)) for second in range(5000)])
    (segment,) = newest(whole(family(path)), 10)
    assert 10 <= (segment.end - segment.start) // len(line(1, "1111")) <= 1100


MIXED = [
    line(1, "plain", request_id="r1", duration_ms=5),
    line(2, "café 'x'", level="error", request_id="r2", trace_id="t1"),
    b"Traceback: needle",
    line(3, "tab\tin it", level="warning", duration_ms=700),
    b'{"broken',
    b"\xef\xbb\xbf" + line(4, 'quote " here', request_id="r1"),
]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        pytest.param(Criteria(), ["plain", "café 'x'", "tab\tin it", '{"broken', 'quote " here'], id="all"),
        pytest.param(Criteria(level="warning"), ["café 'x'", "tab\tin it"], id="level"),
        pytest.param(Criteria(request="r1"), ["plain", 'quote " here'], id="request"),
        pytest.param(Criteria(trace="t1"), ["café 'x'"], id="trace"),
        pytest.param(Criteria(grep=re.compile("needle")), ["café 'x'"], id="grep-in-the-traceback"),
        pytest.param(Criteria(grep=re.compile("café")), ["café 'x'"], id="grep-behind-an-escape"),
        pytest.param(Criteria(grep=re.compile("tab\tin")), ["tab\tin it"], id="grep-a-control-character"),
        pytest.param(Criteria(grep=re.compile('" here')), ['quote " here'], id="grep-a-quote"),
        pytest.param(Criteria(grep=re.compile("PLAIN", re.IGNORECASE)), ["plain"], id="grep-any-case"),
        pytest.param(Criteria(where=[parse("duration_ms > 500ms")]), ["tab\tin it"], id="where"),
        pytest.param(
            Criteria(since_s=T0 + 2, until_s=T0 + 3), ["café 'x'", "tab\tin it", '{"broken'], id="time"
        ),
    ],
)
def test_filters(tmp_path: Path, criteria: Criteria, expected: list[str]) -> None:
    found, tally = read(write(tmp_path / "chat.0.log", MIXED), criteria=criteria)
    assert messages(found) == expected
    assert tally.read == len(MIXED)
    assert tally.shown == sum(entry.lines for entry in found if not entry.reason)


texts = st.text(alphabet='abé"\\/ \n\u2028r1', max_size=6)


@given(st.lists(texts, max_size=10), texts, st.booleans())
def test_the_prefilter_never_changes_the_answer(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], wanted: str, by_request: bool
) -> None:
    path = tmp_path_factory.mktemp("prefilter") / "chat.0.log"
    write(path, [line(second, text, request_id=text) for second, text in enumerate(lines)])
    criteria = Criteria(request=wanted) if by_request else Criteria(grep=re.compile(re.escape(wanted)))
    found, tally = read(path, criteria=criteria)
    expected = [
        text
        for second, text in enumerate(lines)
        if (
            text == wanted or not wanted
            if by_request
            else wanted in line(second, text, request_id=text).decode() or wanted in text
        )
    ]
    assert [entry.record["message"] for entry in found] == expected
    assert tally.read == len(lines)
