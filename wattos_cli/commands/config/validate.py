"""`wattos config validate`."""

from dataclasses import dataclass

from wattos_cli.clients import running
from wattos_cli.config import load
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


def run(_opts: Options, deps: Deps) -> ExitCode:
    """Load the configuration; `load` raises WattosError (exit 3) that names every mistake."""
    config = load(running.project_of(deps).root, deps.environ)
    if deps.console.json_output:
        deps.console.json({"schema": "wattos.config-validate/v1", "valid": True, "file": config.file})
    else:
        deps.console.note(f"{config.file or 'no wattos.toml; defaults and environment'}: valid")
    for ineffective in config.without_effect():
        deps.console.note(ineffective.sentence)
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos config validate`."""

    def validate(deps: Deps) -> ExitCode:
        """Check wattos.toml and the environment.

        Names every mistake with file, line and column, and a suggestion; exit code 3 if there is one.

        Examples:
          wattos config validate
        """
        return run(Options(), deps)

    return validate
