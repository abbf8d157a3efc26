"""Random digits are never handed out twice, in a forked child neither."""

import os

import pytest

from wattos_platform.kernel.randomness import random_digits


def test_no_digits_are_handed_out_twice() -> None:
    pieces = [random_digits(32) for _ in range(2000)]
    assert {len(piece) for piece in pieces} == {32}
    assert len(set(pieces)) == 2000


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_draws_its_own() -> None:
    random_digits(16)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, random_digits(32).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, "rb") as pipe:
        childs = pipe.read()
    assert len(childs) == 32
    assert childs.decode() != random_digits(32)
