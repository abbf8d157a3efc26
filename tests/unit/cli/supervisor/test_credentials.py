"""A project's secrets: made once, kept, private."""

from pathlib import Path

import pytest

from wattos_cli.project import Project
from wattos_cli.supervisor import credentials


@pytest.mark.parametrize("content", [None, b"", b"\n", b" \n"])
def test_a_missing_or_blank_secret_is_made(tmp_path: Path, content: bytes | None) -> None:
    project = Project(tmp_path)
    project.prepare()
    path = project.secret_file(credentials.IDENTITY_KEY)
    if content is not None:
        path.write_bytes(content)
    credentials.ensure(project)
    assert len(path.read_bytes()) >= 32
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_secret_stays_and_becomes_private(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.prepare()
    path = project.secret_file(credentials.JWT_SECRET)
    path.write_text("k" * 40)
    path.chmod(0o644)
    credentials.ensure(project)
    assert path.read_text() == "k" * 40
    assert path.stat().st_mode & 0o777 == 0o600
