"""Which processes count as gone."""

import subprocess
import sys

from wattos_platform.kernel.process_identity import is_gone, this_process


def test_this_process_is_here() -> None:
    assert is_gone(this_process()) is False


def test_a_process_that_ended_is_gone_also_while_nobody_has_waited_for_it() -> None:
    code = "from wattos_platform.kernel.process_identity import this_process; print(this_process())"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": "platform"}
    ) as child:
        assert child.stdout is not None
        name = child.stdout.read().strip()
    assert is_gone(name) is True


def test_a_later_process_with_the_same_id_is_another_one() -> None:
    host, pid, start = this_process().split(":")
    assert is_gone(f"{host}:{pid}:{int(start) + 1}") is True


def test_nothing_is_known_of_another_host() -> None:
    assert is_gone("another-host:1:1") is False
    assert is_gone("nonsense") is False
