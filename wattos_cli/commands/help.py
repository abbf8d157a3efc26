"""`wattos help`: reached only when there is no such page; `wattos_cli/help` answers all others."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wattos_cli.config.problems import suggestion
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.help import PAGES, page
from wattos_cli.parameters import Argument


@dataclass(frozen=True)
class Options:
    """The words of a command or topic."""

    topic: tuple[str, ...] = ()


def run(opts: Options, deps: Deps) -> ExitCode:
    """Print the page; WattosError (usage) names the nearest topic."""
    text = page(opts.topic)
    if text is None:
        pages = [path.relative_to(PAGES).with_suffix("") for path in Path(PAGES).rglob("*.txt")]
        topics = [" ".join(path.parts) for path in pages]
        topics = [topic for topic in topics if topic.count(" ") == max(len(opts.topic) - 1, 0)]
        wanted = " ".join(opts.topic)
        raise WattosError(
            f"there is no help on {wanted!r}.{suggestion(wanted, topics)}",
            hint="wattos --help",
            code="unknown_topic",
            exit_code=ExitCode.USAGE,
        )
    deps.console.stdout.write(text)
    return ExitCode.OK


def _first_words() -> list[str]:
    """Return the commands and topics that stand on the first page."""
    return sorted(path.stem for path in Path(PAGES).glob("*.txt"))


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos help`."""

    def help_(
        deps: Deps,
        *,
        topic: Annotated[
            list[str] | None,
            Argument(metavar="COMMAND|TOPIC", help="A command or a topic.", offered=_first_words),
        ] = None,
    ) -> ExitCode:
        """Print the help of a command or a topic.

        Examples:
          wattos help exit-codes
          wattos help token create
        """
        return run(Options(tuple(topic or ())), deps)

    return help_
