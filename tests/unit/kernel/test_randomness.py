import os

import pytest

from wattos_platform.kernel.randomness import random_bytes


def test_no_bytes_are_handed_out_twice() -> None:
    pieces = [random_bytes(16) for _ in range(2000)]
    assert {len(piece) for piece in pieces} == {16}
    assert len(set(pieces)) == 2000


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_draws_its_own() -> None:
    random_bytes(8)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, random_bytes(32))
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, "rb") as pipe:
        childs = pipe.read()
    assert len(childs) == 32
    assert childs != random_bytes(32)
