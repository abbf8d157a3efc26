"""What a process says of its processor time and its memory."""

import os
from pathlib import Path

import pytest

from wattos_platform.kernel.metrics import Metrics
from wattos_platform.kernel.process_usage import publish_usage

CPU, RESIDENT = "process_cpu_seconds_total", "process_resident_memory_bytes"
PAGE = os.sysconf("SC_PAGE_SIZE")


def numbers(metrics: Metrics, name: str) -> list[tuple[str, float]]:
    return list(metrics.reading(name).numbers)


def test_it_is_read_anew_each_time(tmp_path: Path) -> None:
    metrics, statm, spent = Metrics("chat"), tmp_path / "statm", iter((0.25, 1.5))
    for pages, cpu_s in ((40, 0.25), (30, 1.5)):
        statm.write_text(f"900 {pages} 7 1 0 20 0\n")
        publish_usage(metrics, cpu_s=lambda: next(spent), statm=statm)
        assert numbers(metrics, CPU) == [("", cpu_s)]
        assert numbers(metrics, RESIDENT) == [("", pages * PAGE)]


@pytest.mark.parametrize("content", [None, "", "900", "many pages"])
async def test_memory_that_the_system_does_not_tell_is_left_out(tmp_path: Path, content: str | None) -> None:
    metrics, statm = Metrics("chat"), tmp_path / "statm"
    if content is not None:
        statm.write_text(content)
    for _ in range(2):
        publish_usage(metrics, cpu_s=lambda: 0.5, statm=statm)
    assert (numbers(metrics, CPU), numbers(metrics, RESIDENT)) == ([("", 0.5)], [])
    assert f"\n{RESIDENT} " not in (await metrics.exposition()).decode()
    statm.write_text("900 2 7 1 0 20 0\n")
    publish_usage(metrics, cpu_s=lambda: 0.5, statm=statm)
    assert f"\n{RESIDENT} {2.0 * PAGE}\n" in (await metrics.exposition()).decode()


def test_of_this_process_it_is_what_the_system_says() -> None:
    metrics, before_s = Metrics("chat"), sum(os.times()[:2])
    publish_usage(metrics)
    ((_, cpu_s),) = numbers(metrics, CPU)
    # The two clocks of the system tick apart: one counts hundredths of a second.
    assert cpu_s >= before_s - 0.1
    ((_, resident),) = numbers(metrics, RESIDENT)
    assert resident > 1_000_000
