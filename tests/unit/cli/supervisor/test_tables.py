"""Reading the kernel's tables, thresholds of probes, and the table of `ps`."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_cli.supervisor.listing import ps_table
from wattos_cli.supervisor.port_holder import listening_inodes
from wattos_cli.supervisor.process_table import Process, descendants, parse_stat
from wattos_cli.supervisor.thresholds import Threshold
from wattos_platform import catalog

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


def listed(name: str, port: int, **shown: Any) -> dict[str, Any]:
    scheme = "redis" if name == "redis" else "http"
    usual = {
        "name": name,
        "replica": 0,
        "state": "ready",
        "pid": 123_456,
        "uptime_s": 3_000.0,
        "restarts": 0,
        "cpu_percent": 2.3,
        "pss_bytes": 28_206_694,
        "url": f"{scheme}://127.0.0.1:{port}",
    }
    return {**usual, **shown}


def width(table: str) -> int:
    return max(map(len, table.splitlines()))


def test_ps_shows_every_bundled_service_whole_in_80_columns() -> None:
    table = ps_table([listed(name, port) for name, port in catalog.PORTS.items()])
    assert width(table) <= 80
    assert all(f"://127.0.0.1:{port}" in table for port in catalog.PORTS.values())
    assert "26.9M" in table


def test_ps_at_its_widest_fits_80_columns_and_still_shows_everything() -> None:
    worst = {
        "replica": 12,
        "state": "crash_loop",
        "pid": 4_194_304,
        "uptime_s": 86_399,
        "restarts": 12_345_678,
        "cpu_percent": 199.9,
        "pss_bytes": 4_000 << 20,
    }
    once = {each.name: {**worst, "replica": 0} for each in catalog.COMPONENTS}
    table = ps_table(
        [listed(name, port + 28_000, **once.get(name, worst)) for name, port in catalog.PORTS.items()]
    )
    assert width(table) <= 80
    for cell in ("llm-gateway-12", "crash_loop", "4194304", "23h59m", "12345678", "199.9%", "4000.0M"):
        assert cell in table
    assert all(f"127.0.0.1:{port + 28_000}" in table for port in catalog.PORTS.values())


def test_ps_cuts_nothing_of_an_address_elsewhere() -> None:
    url = "https://search.example.org:9243/a/rather/long/path/to/the/service"
    assert url in ps_table([listed("search", 0, url=url)])
