"""Files beside the answer, for a pipeline: reports that an option names, and the summary of its job."""

from pathlib import Path

from wattos_cli.deps import Deps
from wattos_cli.generated import write


def write_report(deps: Deps, path: Path, text: str) -> None:
    """Write the file that an option like --junit names; WattosError (exit 2) where that may not be done."""
    write(deps.cwd / path, text)


def add_to_summary(deps: Deps, markdown: str) -> None:
    """Append to the file of GITHUB_STEP_SUMMARY, if there is one."""
    file = deps.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(markdown)
