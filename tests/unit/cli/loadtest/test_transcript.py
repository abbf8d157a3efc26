"""What a process says: all of it, or its beginning and its end."""

import os
from collections.abc import Iterator
from typing import IO

import pytest

from wattos_cli.loadtest.transcript import Transcript

LONG_S = 600.0


@pytest.fixture
def pipe() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as told:
        yield os.fdopen(reading, "rb", buffering=0), told  # whoever reads it closes it


def test_what_is_short_is_kept_whole(pipe: tuple[IO[bytes], IO[bytes]]) -> None:
    output, told = pipe
    transcript = Transcript(output, kept_bytes=8)
    for word in (b"ready ", b"steady", b" go!"):
        told.write(word)
    told.close()
    assert transcript.said(LONG_S) == ("", 0, "ready steady go!")


def test_what_is_long_keeps_its_beginning_and_its_end(pipe: tuple[IO[bytes], IO[bytes]]) -> None:
    output, told = pipe
    transcript = Transcript(output, kept_bytes=8)
    told.write(b"At first ")
    for _ in range(1000):
        told.write(b"and then " * 100)
    told.write(b"the end.")
    told.close()
    assert transcript.said(LONG_S) == ("At first", 1 + 900_000, "the end.")
    assert output.closed


def test_who_holds_the_pipe_open_holds_nobody_up(pipe: tuple[IO[bytes], IO[bytes]]) -> None:
    output, told = pipe
    transcript = Transcript(output)
    told.write("caf\u00e9 \xff".encode("latin-1"))
    while not transcript.said(0.01).end:
        pass
    assert transcript.said(0.01) == ("", 0, "caf\ufffd \ufffd")
