"""What the command line gives the configuration: settings by flags, and the file of --env-file."""

from pathlib import Path

import pytest

from wattos_cli.config import load
from wattos_cli.config.environment import read_env_file
from wattos_cli.errors import WattosError


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"llm.providers": ["opnai"]}, "--provider: llm.providers: no such provider 'opnai'. Did you mean"),
        ({"up.with": ("chta",)}, "--with: up.with: no such service 'chta'. Did you mean 'chat'?"),
    ],
    ids=["provider", "with"],
)
def test_what_a_flag_gave_is_named_as_that_flag(
    tmp_path: Path, flags: dict[str, object], expected: str
) -> None:
    with pytest.raises(WattosError) as caught:
        load(tmp_path, {}, flags)
    assert caught.value.message.startswith(expected)
    assert "wattos up --help" in caught.value.hint, "no file has to be mended"


def test_env_file_is_not_read_without_end(tmp_path: Path) -> None:
    _, problems = read_env_file(Path("/dev/zero"))
    assert [str(each) for each in problems] == [
        "/dev/zero: cannot read the env file: it is larger than 1000000 bytes."
    ]
