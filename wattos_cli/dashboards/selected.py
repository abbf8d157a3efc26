"""The generated files for a selector that a person typed."""

from wattos_cli.dashboards.files import all_files
from wattos_cli.dashboards.scope import SelectorError
from wattos_cli.errors import ExitCode, WattosError


def files_for(selector: str) -> dict[str, str]:
    """Return all generated files; WattosError (exit 2) for a selector that is no list of matchers."""
    try:
        return all_files(selector)
    except SelectorError as error:
        raise WattosError(
            f"--selector: {error}",
            hint="""write label matchers: --selector 'cluster="school", env=~"test|prod"'""",
            code="bad_selector",
            exit_code=ExitCode.USAGE,
            details={"selector": selector},
        ) from None
