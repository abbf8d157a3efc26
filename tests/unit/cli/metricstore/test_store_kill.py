"""A writer that is killed, whatever it was doing: every row that it had finished is there, once, in order."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from tests.fakes.metrics.samples import stored
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer

# Seals every fourth row, so that a kill hits writing, sealing and beginning anew alike; tells each row.
WRITER = """
import sys
from pathlib import Path
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer
first = int(sys.argv[2])
store = Writer(Path(sys.argv[1]), Keep(), now_ms=first - 1, interval_ms=1, most_cells=9)
for time in range(first, first + 1_000_000):
    store.append("t-0", time, [((("__name__", name),), float(time)) for name in "abc"])
    sys.stdout.write(f"{time}\\n")
    sys.stdout.flush()
"""
KILLS = 12


def test_what_was_written_before_a_kill_is_there(tmp_path: Path) -> None:
    rng = random.Random(5)
    expected: list[int] = []
    first = 1
    for _ in range(KILLS):
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            told = [int(process.stdout.readline()) for _ in range(rng.randrange(1, 60))]
            os.kill(process.pid, signal.SIGKILL)
            told += [int(line) for line in process.stdout.read().splitlines()]
        found = [time for time, value in stored(tmp_path)["a"] if value != "stale"]
        expected += told
        assert found in (expected, [*expected, told[-1] + 1]), "at most the row that it had not told yet"
        expected = found
        first = found[-1] + 10
    Writer(tmp_path, Keep(), now_ms=first, interval_ms=1)
    series = stored(tmp_path)
    assert [time for time, value in series["c"] if value != "stale"] == expected
    assert sum(value == "stale" for _, value in series["b"]) == KILLS, "each of them ended its series"
    assert not list(tmp_path.glob("*/*.head"))
    assert not list(tmp_path.glob("*/*.new"))
