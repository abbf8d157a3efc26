"""Problems of a configuration, and the one error that tells all of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from wattos_cli.errors import ExitCode, WattosError

_PLACE = re.compile(r"(.*):(\d+):(\d+)")


class ExpressionError(ValueError):
    """What is wrong with the expression `text` from its character `at` (0-based) on."""

    def __init__(self, reason: str, text: str, at: int) -> None:
        super().__init__(f"{reason} at column {at + 1}\n  {text}\n  {' ' * at}^")
        self.reason = reason
        self.text = text
        self.at = at


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `where` is `file:line:column`, or `environment` for a variable."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean ...?` for the nearest of `known`, else the list of what is known."""
    import difflib

    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f" Did you mean {near[0]!r}?"
    return f" Known: {', '.join(names)}." if names else ""


def sentence(reason: str) -> str:
    """Return `reason` with a full stop, unless it ends with a mark of its own."""
    return reason if reason.endswith((".", "?")) else f"{reason}."


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Return `problems` file by file, each from its first line on; those that stand in no file come last."""
    places = [_PLACE.fullmatch(problem.where) for problem in problems]
    files = list(dict.fromkeys(place[1] for place in places if place))

    def rank(number: int) -> tuple[int, int, int]:
        place = places[number]
        return (files.index(place[1]), int(place[2]), int(place[3])) if place else (len(files), 0, 0)

    return [problems[number] for number in sorted(range(len(problems)), key=rank)]


HINT = "mend it, then: wattos config validate   (every setting: wattos config schema)"
FLAG_HINT = "give it anew; what there is to give: wattos up --help"


def config_error(problems: Sequence[Problem], hint: str = HINT) -> WattosError:
    """Return the error (exit 3) that names every problem with its place; `hint` is what to type then."""
    ordered = in_order(problems)
    lines = [line for problem in ordered for line in str(problem).split("\n")]
    return WattosError(
        "\n       ".join(lines),
        hint=hint,
        code="config_invalid",
        exit_code=ExitCode.CONFIG,
        details={"problems": [asdict(problem) for problem in ordered]},
    )
