"""`wattos completion`."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument

VARIABLE = "_WATTOS_COMPLETE"


class Shell(StrEnum):
    """The shells that can complete `wattos`."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@dataclass(frozen=True)
class Options:
    """The shell; None means the one of $SHELL."""

    shell: Shell | None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print the script that makes the shell ask `wattos` for completions."""
    shell = opts.shell or _own_shell(deps)
    from typer import completion

    script = vars(completion)["get_completion_script"](
        prog_name="wattos", complete_var=VARIABLE, shell=str(shell)
    )
    if deps.console.json_output:
        deps.console.json({"schema": "wattos.completion/v1", "shell": str(shell), "script": script})
    else:
        deps.console.data(script)
    return ExitCode.OK


def _own_shell(deps: Deps) -> Shell:
    name = Path(deps.environ.get("SHELL", "")).name
    try:
        return Shell(name)
    except ValueError:
        raise WattosError(
            f"$SHELL is {name or 'not set'}, for which there is no completion",
            hint=f"name one: wattos completion {' | '.join(Shell)}",
            code="unknown_shell",
            exit_code=ExitCode.USAGE,
            details={"shell": name},
        ) from None


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos completion`."""

    def completion(
        deps: Deps,
        *,
        shell: Annotated[
            Shell | None, Argument(metavar="bash|zsh|fish", help="The shell; $SHELL without.")
        ] = None,
    ) -> ExitCode:
        """Print the completion script of a shell.

        Examples:
          wattos completion bash >> ~/.bashrc
          wattos completion zsh > ~/.zfunc/_wattos
          wattos completion fish > ~/.config/fish/completions/wattos.fish
        """
        return run(Options(shell), deps)

    return completion
