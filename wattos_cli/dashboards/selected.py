"""The generated files for a selector and an SLO file that a person named."""

from pathlib import Path

from wattos_cli.alerting.slo import slos_of
from wattos_cli.config import load
from wattos_cli.dashboards.files import all_files
from wattos_cli.dashboards.scope import SelectorError, check
from wattos_cli.deps import Deps
from wattos_cli.errors import marked
from wattos_cli.project import find


def files_for(selector: str, slo: Path | None, deps: Deps) -> dict[str, str]:
    """Return all generated files, with the limits of the SLO file `slo`, or of the project's own.

    Raises WattosError: exit 2 for a selector that is no list of matchers, 3 for a file that is no SLO file.
    """
    config = load(find(deps.cwd).root, deps.environ)
    book = slos_of(config, None if slo is None else deps.cwd / slo)
    try:
        check(selector)
    except SelectorError as error:
        hint = """write label matchers: --selector 'cluster="school", env=~"test|prod"'"""
        raise marked("--selector", selector, error.position, str(error), hint) from None
    return all_files(selector, book)
