"""A duration is written in one way, wherever it stands."""

from pathlib import Path

import pytest

from wattos_cli.config import load
from wattos_cli.config.durations import option_seconds
from wattos_cli.durations import UNITS_S, duration_s, duration_text
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.logstore.instants import instant_s
from wattos_cli.logstore.where import parse


def in_toml(text: str, root: Path) -> float:
    (root / "wattos.toml").write_text(f'[up]\ntimeout = "{text}"', encoding="utf-8")
    return load(root, {}).up_timeout_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30.0),
        ("1.5m", 90.0),
        ("2h", 7200.0),
        ("1d", 86_400.0),
        ("1h30m", 5400.0),
        ("250us", 0.00025),
    ],
)
def test_every_place_reads_the_same(tmp_path: Path, text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)
    assert option_seconds(text, "--timeout") == pytest.approx(seconds)
    assert in_toml(text, tmp_path) == pytest.approx(seconds)
    assert instant_s(f"-{text}", 1e6) == instant_s(text, 1e6) == pytest.approx(1e6 - seconds)
    assert parse(f"took_s >= {text}").matches({"took_s": seconds * 1.001})


@pytest.mark.parametrize("text", ["", "soon", "5", "-5s", "5 s", "5x", "1h-5m", "1e3s"])
def test_what_is_no_duration_is_refused_everywhere(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|unit"):
        duration_s(text)
    with pytest.raises(WattosError) as refused:
        option_seconds(text, "--timeout")
    assert refused.value.exit_code == ExitCode.USAGE
    with pytest.raises(WattosError) as refused:
        in_toml(text, tmp_path)
    assert refused.value.exit_code == ExitCode.CONFIG
    with pytest.raises(ValueError, match=r"duration|unit"):
        instant_s(f"-{text}", 1e6)


def test_an_unknown_unit_is_told_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown unit 'w'") as refused:
        duration_s("2w")
    assert all(unit in str(refused.value) for unit in UNITS_S)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5400, "90m"), (86_400, "1d"), (7200, "2h"), (0.5, "500ms"), (90.5, "90500ms"), (0, "1ms")],
)
def test_a_duration_is_written_in_the_largest_unit_that_divides_it(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
    assert duration_s(text) == pytest.approx(max(seconds, 0.001))
