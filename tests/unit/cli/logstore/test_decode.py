"""Bytes of a log file become entries, whatever the bytes are."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.cli.logfiles import line, messages, read, write
from wattos_cli.logstore.decode import pieces
from wattos_cli.logstore.entries import EXTRA_LIMIT_BYTES
from wattos_cli.logstore.lines import Line, Splitter


def decoded(data: bytes, *, ended: bool = True) -> list[tuple[object, str]]:
    return [(piece.record, piece.reason) for piece in pieces(Line(0, data, len(data), ended))]


DIRTY = [
    pytest.param(b'{"a":1}', [({"a": 1}, "")], id="plain"),
    pytest.param(b'{"a":1}\r', [({"a": 1}, "")], id="crlf"),
    pytest.param(b'\xef\xbb\xbf{"a":1}', [({"a": 1}, "")], id="bom"),
    pytest.param(b'\0\0\0{"a":1}', [({"a": 1}, "")], id="nul-padding-of-a-truncated-file"),
    pytest.param(b"\0\0", [(None, "only NUL bytes")], id="only-nul"),
    pytest.param('{"a":"x\u2028y"}'.encode(), [({"a": "x\u2028y"}, "")], id="line-separator"),
    pytest.param(b'{"a":"\xff"}', [({"a": "\ufffd"}, "")], id="invalid-utf-8"),
    pytest.param(b'{"a":1}{"b":2} {"c":3}', [({"a": 1}, ""), ({"b": 2}, ""), ({"c": 3}, "")], id="several"),
    pytest.param(b'{"a":1}rest', [({"a": 1}, ""), (None, "text after the object")], id="object-and-rest"),
    pytest.param(b'{"a":1}{"b":', [({"a": 1}, ""), (None, "text after the object")], id="object-and-half"),
    pytest.param(
        b'{"a":', [(None, "broken JSON: Expecting value at column 6")], id="broken-names-the-column"
    ),
    pytest.param(b"42", [(None, "JSON, but not an object")], id="number"),
    pytest.param(b'"text"', [(None, "JSON, but not an object")], id="string"),
    pytest.param(b"[1]", [(None, "JSON, but not an object")], id="array"),
    pytest.param(b"null", [(None, "JSON, but not an object")], id="null"),
    pytest.param(b"Traceback (most recent call last):", [(None, "")], id="text"),
    pytest.param(b"{'a': 1}", [(None, "")], id="printed-dict-is-text"),
    pytest.param(b"", [(None, "")], id="empty"),
    pytest.param(b"{" + b'"a":{' * 100_000, [(None, "nested too deeply")], id="nested-too-deeply"),
]


@pytest.mark.parametrize(("data", "expected"), DIRTY)
def test_what_a_line_holds(data: bytes, expected: list[tuple[object, str]]) -> None:
    assert decoded(data) == expected


def test_half_a_last_line_is_called_so() -> None:
    assert decoded(b'{"a":1,"b', ended=False) == [(None, "half a line at the end of the file")]


def test_not_a_number_is_read_but_written_anew() -> None:
    (piece,) = pieces(Line(0, b'{"a":NaN}', 9))
    assert piece.record is not None
    assert piece.clean is False


@given(st.binary(max_size=400), st.lists(st.integers(1, 30), max_size=20))
def test_lines_do_not_depend_on_how_the_bytes_arrive(data: bytes, sizes: list[int]) -> None:
    splitter = Splitter()
    lines, at = [], 0
    for size in [*sizes, len(data) + 1]:
        lines += splitter.feed(data[at : at + size])
        at += size
    lines += splitter.finish()
    assert b"".join(piece.data + b"\n" * piece.ended for piece in lines) == data
    assert [data[piece.offset : piece.offset + piece.size] for piece in lines] == [p.data for p in lines]


@given(st.binary(max_size=300))
def test_any_bytes_are_decoded_to_something_with_every_offset_its_own(data: bytes) -> None:
    found = [piece for line_ in Splitter().feed(data + b"\n") for piece in pieces(line_)]
    assert found
    assert len({piece.offset for piece in found}) == len(found)


def test_a_line_beyond_the_limit_keeps_only_its_start() -> None:
    splitter = Splitter(limit=1000)
    lines = splitter.feed(b"x" * 600) + splitter.feed(b"x" * 600) + splitter.feed(b"y\nnext\n")
    assert [(len(piece.data) < 300, piece.size, piece.offset) for piece in lines] == [
        (True, 1201, 0),
        (True, 4, 1202),
    ]
    assert pieces(lines[0])[0].reason == "line of 1201 bytes is too long"


def test_text_stays_with_the_record_before_it_through_the_merge(tmp_path: Path) -> None:
    one = write(tmp_path / "a.0.log", [line(1, "fails"), b"Traceback:", b"  File x", b"ValueError: no"])
    two = write(tmp_path / "b.0.log", [line(1, "other"), line(1.5, "later")])
    entries, tally = read(one, two)
    assert messages(entries) == ["fails", "other", "later"]
    assert entries[0].extra == [b"Traceback:", b"  File x", b"ValueError: no"]
    assert (tally.shown, tally.filtered, tally.bad) == (6, 0, 0)


def test_text_after_a_broken_line_is_not_called_bad(tmp_path: Path) -> None:
    path = write(tmp_path / "a.0.log", [line(1, "one"), b'{"half', b"Traceback:", b"  more", line(2, "two")])
    entries, tally = read(path)
    assert [(entry.reason != "", entry.lines) for entry in entries] == [
        (False, 1),
        (True, 1),
        (False, 2),
        (False, 1),
    ]
    assert (tally.read, tally.shown, tally.bad) == (5, 4, 1)


def test_plain_text_with_times_is_merged_by_them(tmp_path: Path) -> None:
    plain = write(tmp_path / "own.log", [b"2026-11-18 11:06:41 started", b"2026-11-18T11:06:43Z ready"])
    ours = write(tmp_path / "chat.0.log", [line(2, "between")])
    entries, _ = read(plain, ours)
    assert messages(entries) == ["2026-11-18 11:06:41 started", "between", "2026-11-18T11:06:43Z ready"]


def test_a_record_without_time_takes_the_time_before_it(tmp_path: Path) -> None:
    one = write(tmp_path / "a.0.log", [line(5, "timed"), b'{"message":"untimed"}'])
    two = write(tmp_path / "b.0.log", [line(4, "before"), line(6, "after")])
    assert messages(read(one, two)[0]) == ["before", "timed", "untimed", "after"]


def test_endless_text_after_a_record_does_not_fill_the_memory(tmp_path: Path) -> None:
    count = 2 * EXTRA_LIMIT_BYTES // 1000 + 50
    path = write(tmp_path / "a.0.log", [line(1, "head"), *[b"x" * 1000] * count])
    entries, tally = read(path)
    assert tally.shown == count + 1
    assert max(sum(map(len, entry.extra)) for entry in entries) < 1.1 * EXTRA_LIMIT_BYTES
    assert {entry.time_s for entry in entries} == {entries[0].time_s}


def test_each_bad_line_has_its_place(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.0.log", [line(1), b"17", line(2), b"text", b'{"a":', line(3)])
    entries, _ = read(path)
    assert [e.origin.place(e.order[3]) for e in entries if e.reason] == ["chat.0.log:2", "chat.0.log:5"]


@given(
    st.lists(
        st.one_of(
            st.integers(0, 5).map(lambda second: line(second, "m")),
            st.sampled_from([b"", b"text", b'{"half', b"3", b"\0", b'{"a":1}{"b":2}', b"{'p': 1}", b"\xff"]),
        )
    )
)
def test_nothing_is_lost(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = write(tmp_path_factory.mktemp("logs") / "a.0.log", lines)
    _, tally = read(path)
    assert tally.read == len(lines) + sum(1 for data in lines if data == b'{"a":1}{"b":2}')
    assert json.dumps(tally.summary())
