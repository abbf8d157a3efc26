"""Reading the kernel's tables, and thresholds of probes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.supervisor.port_holder import listening_inodes
from wattos_cli.supervisor.process_table import Process, descendants, parse_stat
from wattos_cli.supervisor.thresholds import Threshold

REST = "S 1 4242 4242 0 -1 4194560 0 0 0 0 17 5 0 0 20 0 1 0 987654 1 2"


@pytest.mark.parametrize(
    "command",
    ["python3", "a b", "((", "x) R 9 9 9", ")", ""],
    ids=["plain", "space", "open", "fake", "close", "none"],
)
def test_stat_line_with_any_command(command: str) -> None:
    expected = Process(4242, "S", 1, 4242, 4242, 22, 987654)
    assert expected == parse_stat(f"4242 ({command}) {REST}\n")


@given(st.text(max_size=40))
def test_garbage_is_a_value_error_or_a_process(text: str) -> None:
    try:
        parse_stat(text)
    except ValueError:
        return


def row(pid: int, ppid: int) -> Process:
    return Process(pid, "S", ppid, pid, pid, 0, 0)


def test_descendants_are_found_at_every_depth() -> None:
    table = [row(1, 0), row(5, 4), row(4, 2), row(2, 1), row(3, 1), row(9, 8)]
    assert {process.pid for process in descendants(2, table)} == {4, 5}
    assert {process.pid for process in descendants(1, table)} == {2, 3, 4, 5}


TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0
   1: 00000000:0BB9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 222 1 0
   2: 0100007F:0BB9 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 0
   3: 0100007F:0BBA 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 444 1 0
"""


def test_only_listening_sockets_of_the_port_count() -> None:
    assert listening_inodes(TCP.splitlines(), 3001) == {"111", "222"}
    assert listening_inodes(TCP.splitlines(), 3003) == set()


def test_threshold_is_obeyed_in_both_directions() -> None:
    threshold = Threshold(failures_to_fail=3, successes_to_pass=2)
    answers = [True, True, False, False, True, False, False, False, True, True]
    verdicts = []
    for ok in answers:
        threshold.record(ok=ok)
        verdicts.append(threshold.passing)
    assert verdicts == [False, True, True, True, True, True, True, False, False, True]


def test_flip_is_told_once() -> None:
    threshold = Threshold(1, 1)
    assert [threshold.record(ok=ok) for ok in (True, True, False, False)] == [True, False, True, False]
