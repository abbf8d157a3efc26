"""`wattos dashboards generate`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode
from wattos_cli.generated import FOLDER
from wattos_cli.parameters import Option


@dataclass(frozen=True)
class Options:
    """Where the files go; `selector` are further label matchers for every query."""

    out: Path = FOLDER
    selector: str = ""
    slo: Path | None = None


def run(opts: Options, deps: Deps) -> ExitCode:
    """Write every file that differs, and name them."""
    from wattos_cli import generated
    from wattos_cli.dashboards.selected import files_for

    files = files_for(opts.selector, opts.slo, deps)
    return generated.generate(deps, "wattos.dashboards-generate/v1", opts.out, files)


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos dashboards generate`."""

    def generate(
        deps: Deps,
        *,
        out: Annotated[Path, Option("--out", metavar="DIR", help="Folder to write to.")] = FOLDER,
        selector: Annotated[
            str, Option("--selector", metavar="MATCHERS", help="Label matchers that every query gets.")
        ] = "",
        slo: Annotated[
            Path | None,
            Option("--slo", metavar="FILE", help="Objectives to draw.", default_text="the program's own"),
        ] = None,
    ) -> ExitCode:
        """Write the Grafana dashboards, and what Grafana needs to load them.

        One JSON file per board, a file provider, a data source for the platform's own metrics store,
        and ConfigMaps for Kubernetes. Where one Prometheus watches several platforms, --selector keeps this
        one apart.

        Examples:
          wattos dashboards generate
          wattos dashboards generate --out /tmp/boards --selector 'cluster="school"'
        """
        return run(Options(out, selector, slo), deps)

    return generate
