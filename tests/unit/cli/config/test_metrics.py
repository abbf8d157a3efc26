"""`[metrics]`: how they are kept, and under which names services count."""

from pathlib import Path

import pytest

from wattos_cli.config import load
from wattos_cli.errors import WattosError


def write(root: Path, text: str) -> Path:
    (root / "wattos.toml").write_text(text)
    return root


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'scrape_interval = "500ms"',
            "wattos.toml:2:1: metrics.scrape_interval: expected a duration of at least 1s, got '500ms'",
        ),
        ("retention = 0", "wattos.toml:2:1: metrics.retention: expected a duration of at least 1s, got 0"),
        ("max_size_mb = 0", "wattos.toml:2:1: metrics.max_size_mb: expected a number from 1 on, got 0"),
        ("keep = 1", "wattos.toml:2:1: unknown key 'keep' in [metrics]"),
    ],
    ids=["interval", "retention", "size", "unknown"],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(WattosError) as caught:
        load(write(tmp_path, f"[metrics]\n{text}\n"), {})
    assert expected in caught.value.message


@pytest.mark.parametrize(
    ("text", "environ", "given"),
    [
        ("", {}, None),
        ("[metrics]\notel_genai = true\n", {}, "true"),
        ("[metrics]\notel_genai = true\n", {"WATTOS_OTEL_GENAI": "false"}, "false"),
        ("", {"WATTOS_OTEL_GENAI": "true"}, "true"),
    ],
    ids=["default", "file", "environment-wins", "environment"],
)
def test_services_are_told_whether_to_count_under_other_names_too(
    tmp_path: Path, text: str, environ: dict[str, str], given: str | None
) -> None:
    assert load(write(tmp_path, text), environ).environ.get("WATTOS_OTEL_GENAI") == given
