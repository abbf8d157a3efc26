"""`make` has uv trust what the machine trusts, as pip does; without certificates there, its own."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("pyproject.toml", "constraints/all.txt", "constraints/installer.txt")


def program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)


@pytest.mark.parametrize(
    ("kept", "asked", "expected"),
    [
        pytest.param(True, None, "true", id="machine-with-certificates"),
        pytest.param(False, None, "false", id="machine-without"),
        pytest.param(True, "false", "false", id="the-user-decides"),
    ],
)
def test_whose_certificates_uv_trusts(tmp_path: Path, kept: bool, asked: str | None, expected: str) -> None:
    for name in NEEDED:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    program(tmp_path / ".venv/bin/python", "exit 0")
    program(tmp_path / ".venv/bin/uv", 'printf %s "$UV_SYSTEM_CERTS" > trusted')
    certificates = tmp_path / "ca-certificates.crt"
    if kept:
        certificates.touch()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "UV_"))}
    environ |= {"UV_SYSTEM_CERTS": asked} if asked else {}
    subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), f"CERTIFICATES={certificates}", ".venv/.installed"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        timeout=100,
        check=True,
    )
    assert (tmp_path / "trusted").read_text() == expected
