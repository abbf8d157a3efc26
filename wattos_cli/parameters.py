"""How a command declares its options and arguments, without paying for typer's import on every call.

    services: Annotated[list[str] | None, Argument(help="Only these services.")] = None
    follow: Annotated[bool, Option("-f", "--follow", help="Keep going.")] = False

They mean what `typer.Option` and `typer.Argument` mean. A correct command line is read by
`dispatch/quick.py`; only for help, completion and errors are they turned into typer's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Offered = Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True, init=False)
class Option:
    """An option; `flags` are its spellings (`-f`, `--follow`), at least one of them long.

    `offered` are the words that a shell may complete.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str
    default_text: str
    offered: "Offered | None"

    def __init__(
        self,
        *flags: str,
        help: str,  # noqa: A002 - typer's name
        metavar: str = "",
        default_text: str = "",
        offered: "Offered | None" = None,
    ) -> None:
        object.__setattr__(self, "flags", flags)
        object.__setattr__(self, "help", help)
        object.__setattr__(self, "metavar", metavar)
        object.__setattr__(self, "default_text", default_text)
        object.__setattr__(self, "offered", offered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A positional argument; `offered` are the words that a shell may complete."""

    help: str
    metavar: str = ""
    offered: "Offered | None" = None
