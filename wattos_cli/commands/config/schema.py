"""`wattos config schema`."""

import json
from dataclasses import dataclass

from wattos_cli.config.documentation import json_schema
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


def run(_opts: Options, deps: Deps) -> ExitCode:
    """Print the JSON Schema; with `-o json` on one line."""
    schema = json_schema()
    if deps.console.json_output:
        deps.console.json(schema)
    else:
        deps.console.data(json.dumps(schema, indent=2, ensure_ascii=False))
    return ExitCode.OK


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos config schema`."""

    def schema(deps: Deps) -> ExitCode:
        """Print the JSON Schema of wattos.toml, for editors and checks.

        Examples:
          wattos config schema > wattos.schema.json
        """
        return run(Options(), deps)

    return schema
