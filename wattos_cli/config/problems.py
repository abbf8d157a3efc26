"""Problems of a configuration, and the one error that tells all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from wattos_cli.errors import ExitCode, WattosError


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


HINT = "mend it, then: wattos config validate   (every setting: wattos config schema)"
FLAG_HINT = "give it anew; what there is to give: wattos up --help"


def config_error(problems: Sequence[Problem], hint: str = HINT) -> WattosError:
    """Return the error (exit 3) that names every problem with its place; `hint` is what to type then."""
    text = "\n       ".join(str(problem) for problem in problems)
    return WattosError(
        text,
        hint=hint,
        code="config_invalid",
        exit_code=ExitCode.CONFIG,
        details={"problems": [asdict(problem) for problem in problems]},
    )
