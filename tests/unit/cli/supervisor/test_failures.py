"""What is told of a service that does not run, and of a process that has ended."""

import pytest

from wattos_cli.supervisor import endings, failures


@pytest.mark.parametrize(
    ("name", "next_step"),
    [
        ("redis", "Start it with: wattos up redis"),
        ("nosuch", "One of your own, new in wattos.toml, is started with: wattos up"),
    ],
)
def test_the_hint_names_a_command_that_works(name: str, next_step: str) -> None:
    error = failures.not_part(name, ["rag", "chat"])
    assert error.message == f"{name} is not part of the running platform"
    assert error.hint == f"running are: rag, chat. {next_step}"


@pytest.mark.parametrize(
    ("code", "told"),
    [(0, "exited with code 0"), (-9, "was ended by SIGKILL"), (-200, "was ended by signal 200")],
)
def test_how_a_process_ended(code: int, told: str) -> None:
    assert endings.told(code) == told
