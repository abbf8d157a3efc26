"""`wattos env`."""

import shlex
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from wattos_cli.clients import credentials, running
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.named_files import open_to_write
from wattos_cli.parameters import Option


class Format(StrEnum):
    """How the variables are written."""

    SHELL = "shell"
    GITHUB = "github"


@dataclass(frozen=True)
class Options:
    """How the variables are written."""

    format: Format


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print (or, for GitHub, append to $GITHUB_ENV) what the SDKs of OpenAI and Anthropic read."""
    console = deps.console
    appends = opts.format is Format.GITHUB and not console.json_output
    file = _github_env(deps) if appends else None  # asked for before a key is made
    project = running.project_of(deps)
    url = credentials.gateway_url(deps, project)
    token = credentials.token(deps, project)
    variables = {
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": token,
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": token,
    }
    if console.json_output:
        console.json({"schema": "wattos.env/v1", "variables": variables})
    elif file is None:
        for name, value in variables.items():
            console.data(f"export {name}={shlex.quote(value)}")
    else:
        console.data(f"::add-mask::{token}")
        with open_to_write(file, append=True) as lines:
            lines.writelines(f"{name}={value}\n" for name, value in variables.items())
    if not deps.environ.get("WATTOS_TOKEN") and not deps.environ.get("WATTOS_TOKEN_FILE"):
        minutes = credentials.LIFETIME_S // 60
        console.note(f"the key is valid for {minutes} minutes; for longer: wattos token create --ttl 8h")
    return ExitCode.OK


def _github_env(deps: Deps) -> Path:
    """Return the file that later steps read; WattosError (usage) where there is none."""
    path = deps.environ.get("GITHUB_ENV")
    if not path:
        raise WattosError(
            "--format github appends to the file named by GITHUB_ENV, which is not set",
            hint="run it in a step of GitHub Actions, or use --format shell",
            code="usage",
            exit_code=ExitCode.USAGE,
        )
    return Path(path)


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos env`."""

    def env(
        deps: Deps,
        *,
        format: Annotated[  # noqa: A002 - the option's name
            Format, Option("--format", help="shell: export lines. github: into $GITHUB_ENV, the key masked.")
        ] = Format.SHELL,
    ) -> ExitCode:
        """Print the variables that the SDKs of OpenAI and Anthropic read, for this platform.

        Uses WATTOS_TOKEN, else makes a key of ten minutes for tenant `default`, role editor.

        Examples:
          wattos env --format github
          eval "$(wattos env)"
        """
        return run(Options(format), deps)

    return env
