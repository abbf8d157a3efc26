"""Samples as OpenMetrics text: what we wrote is read again, by us and by promtool."""

import io
import subprocess
from pathlib import Path

from tests.fakes.metrics.samples import labels
from tests.fakes.programs.prometheus import program
from wattos_cli.diagnosis import samples
from wattos_cli.metricstore.exposition import Reader
from wattos_cli.metricstore.openmetrics import lines
from wattos_cli.metricstore.series import STALE, Series
from wattos_cli.metricstore.store.retention import Keep
from wattos_cli.metricstore.store.writer import Writer

STRANGE = labels("b", text='a"b\\c\nd', job="chat")


def test_series_stand_by_name_and_samples_by_time() -> None:
    series = [
        Series(STRANGE, [1000, 2500], [1.0, float("inf")]),
        Series(labels("a"), [1000, 2000, 3000], [0.1, float("nan"), STALE]),
    ]
    assert "".join(lines(series, lambda _, value: value)) == (
        'a 0.1 1\na NaN 2\nb{job="chat",text="a\\"b\\\\c\\nd"} 1 1\n'
        'b{job="chat",text="a\\"b\\\\c\\nd"} +Inf 2.5\n# EOF\n'
    )


def test_what_is_written_is_read_again() -> None:
    text = "".join(lines([Series(STRANGE, [1000], [7.0])], lambda _, value: value))
    assert Reader({}).read(text.encode()).samples == [(STRANGE, 7.0)]


def kept(folder: Path) -> None:
    store = Writer(folder, Keep(), now_ms=0, interval_ms=5000)
    for time_ms in range(0, 2 * samples.SPAN_MS, 60_000):
        store.append(
            "chat-0", 1 + time_ms, [(labels("a", api_key="sk-verysecret"), 1.0), (STRANGE, time_ms / 3)]
        )


def test_the_bundle_has_the_end_of_it_without_secrets(tmp_path: Path) -> None:
    kept(tmp_path)
    out = io.BytesIO()
    assert samples.write(tmp_path, out) == 2
    told = out.getvalue().decode().splitlines()
    assert told[0] == 'a{api_key="[redacted]"} 1 1740.001'
    assert (len(told), told[-1]) == (2 * 31 + 1, "# EOF")
    few = io.BytesIO()
    samples.write(tmp_path, few, most_samples=20)
    assert few.getvalue().count(b"\n") - 1 <= 20
    assert few.getvalue().splitlines()[-2:] == out.getvalue().splitlines()[-2:]


def test_nothing_kept_is_nothing_written(tmp_path: Path) -> None:
    out = io.BytesIO()
    assert samples.write(tmp_path / "none", out) == 0
    assert out.getvalue() == b""


def test_promtool_makes_blocks_of_it(tmp_path: Path) -> None:
    kept(tmp_path / "kept")
    file = tmp_path / "metrics.txt"
    with file.open("wb") as out:
        samples.write(tmp_path / "kept", out)
    command = [
        program("promtool"),
        "tsdb",
        "create-blocks-from",
        "openmetrics",
        str(file),
        str(tmp_path / "tsdb"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    blocks = [line.split() for line in done.stdout.splitlines()[1:]]
    assert sum(int(block[4]) for block in blocks) == 62, done.stdout
