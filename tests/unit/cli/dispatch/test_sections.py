"""A command is a collapsible section of a pipeline's log, where the pipeline has such."""

import io
from collections.abc import Mapping

import pytest

from wattos_cli.dispatch.sections import section

GITLAB = {"CI": "true", "GITLAB_CI": "true"}
AT = "1700000000"


def written(environ: Mapping[str, str], *args: str) -> list[str]:
    stderr = io.StringIO()
    with section(args, environ, stderr, lambda: 1700000000.5):
        stderr.write("work\n")
    return stderr.getvalue().split("\n")[:-1]


@pytest.mark.parametrize(("command", "folded"), [("health", ""), ("logs", "[collapsed=true]")])
def test_a_command_is_a_section_of_gitlabs_log(command: str, folded: str) -> None:
    assert written(GITLAB, "-C", "my dir", command) == [
        f"section_start:{AT}:wattos_{command}_{AT}500{folded}\r\033[0Kwattos -C 'my dir' {command}",
        "work",
        f"section_end:{AT}:wattos_{command}_{AT}500\r\033[0K",
    ]


@pytest.mark.parametrize(
    ("environ", "args"),
    [
        ({"CI": "true"}, ("health",)),
        ({"GITLAB_CI": "false"}, ("health",)),
        (GITLAB, ("ask", "logs")),
        (GITLAB, ()),
    ],
)
def test_nothing_is_marked_elsewhere(environ: Mapping[str, str], args: tuple[str, ...]) -> None:
    assert written(environ, *args) == ["work"]


def test_a_section_ends_with_its_command_however_that_ends() -> None:
    stderr = io.StringIO()
    with pytest.raises(KeyboardInterrupt), section(("up",), GITLAB, stderr, lambda: 1.0):
        raise KeyboardInterrupt
    assert stderr.getvalue().splitlines(keepends=True)[-1].startswith("\033[0K")
