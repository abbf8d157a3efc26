"""The generated files for a selector and an SLO file that a person named."""

from pathlib import Path

from wattos_cli.alerting.slo import load_slos
from wattos_cli.config import load
from wattos_cli.dashboards.files import all_files
from wattos_cli.dashboards.scope import SelectorError
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.project import find


def files_for(selector: str, slo: Path | None, deps: Deps) -> dict[str, str]:
    """Return all generated files, with the limits of the SLO file `slo`, or of the program's own.

    Raises WattosError: exit 2 for a selector that is no list of matchers, 3 for a file that is no SLO file.
    """
    book = None if slo is None else load_slos(deps.cwd / slo, _own_services(deps))
    try:
        return all_files(selector, book)
    except SelectorError as error:
        raise WattosError(
            f"--selector: {error}",
            hint="""write label matchers: --selector 'cluster="school", env=~"test|prod"'""",
            code="bad_selector",
            exit_code=ExitCode.USAGE,
            details={"selector": selector},
        ) from None


def _own_services(deps: Deps) -> list[str]:
    """Return the names of the project's own services, which objectives may be about too."""
    return [service.name for service in load(find(deps.cwd).root, deps.environ).own_services]
