"""`wattos dashboards push`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, usage
from wattos_cli.parameters import Option

FOLDER = "wattos"
TIMEOUT_S = 15.0
_TOKEN = "WATTOS_GRAFANA_TOKEN"  # noqa: S105 - the name of a variable
_TOKEN_HINT = "write the token of a Grafana service account into a file: --token-file FILE"  # noqa: S105 - a hint


@dataclass(frozen=True)
class Options:
    """Grafana, the file with its token, the title of the folder, and further matchers for all queries.

    `timeout_s` is how long Grafana may take for one answer.
    """

    grafana: str = ""
    token_file: Path | None = None
    folder: str = FOLDER
    selector: str = ""
    slo: Path | None = None
    timeout_s: float = TIMEOUT_S


def run(opts: Options, deps: Deps) -> ExitCode:
    """Put every board into the folder and say what became of each."""
    import json

    from wattos_cli import __version__
    from wattos_cli.dashboards.grafana import Grafana
    from wattos_cli.dashboards.selected import files_for

    _check(opts)
    files = files_for(opts.selector, opts.slo, deps)
    url = opts.grafana.rstrip("/")
    grafana = Grafana(deps.http, url, _token(opts, deps), opts.timeout_s)
    deps.console.note(f"to Grafana at {url}, folder {opts.folder}")
    folder = grafana.folder(opts.folder)
    rows = []
    for board in (json.loads(text) for name, text in files.items() if name.endswith(".json")):
        pushed = grafana.push(board, folder, f"wattos {__version__}")
        address = f"{url}{pushed.path.removeprefix(urlsplit(url).path)}"
        rows.append(
            {
                "uid": board["uid"],
                "title": board["title"],
                "outcome": pushed.outcome,
                "version": pushed.version,
                "url": address,
            }
        )
    if deps.console.json_output:
        deps.console.json(
            {"schema": "wattos.dashboards-push/v1", "grafana": url, "folder": opts.folder, "boards": rows}
        )
        return ExitCode.OK
    from wattos_cli.render.columns import table

    cells = [(str(row["title"]), str(row["outcome"]), str(row["version"]), str(row["url"])) for row in rows]
    deps.console.data(table(("BOARD", "OUTCOME", "VERSION", "URL"), cells, frozenset({"VERSION"})))
    return ExitCode.OK


def _token(opts: Options, deps: Deps) -> str:
    from wattos_cli.clients.credentials import option_token

    file = None if opts.token_file is None else deps.cwd / opts.token_file
    token = option_token(file, deps.environ, _TOKEN, _TOKEN_HINT)
    if token is None:
        raise usage("no token for Grafana was given", f"{_TOKEN_HINT}, or set {_TOKEN}_FILE")
    return token


def _check(opts: Options) -> None:
    """Raise WattosError (usage) for an address that is none, and for a folder without a name."""
    from wattos_cli.clients.addresses import check_address

    check_address("--grafana", opts.grafana, "http://127.0.0.1:3000", f"{_TOKEN}_FILE")
    if not opts.folder.strip():
        raise usage("--folder: a folder needs a name", f"for example --folder {FOLDER}")


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos dashboards push`."""

    def push(
        deps: Deps,
        *,
        grafana: Annotated[str, Option("--grafana", metavar="URL", help="Grafana's address.")] = "",
        token_file: Annotated[
            Path | None, Option("--token-file", metavar="FILE", help="The token of a service account.")
        ] = None,
        folder: Annotated[str, Option("--folder", metavar="NAME", help="Folder, made if missing.")] = FOLDER,
        selector: Annotated[
            str, Option("--selector", metavar="MATCHERS", help="Label matchers that every query gets.")
        ] = "",
        slo: Annotated[
            Path | None,
            Option("--slo", metavar="FILE", help="Objectives to draw.", default_text="the program's own"),
        ] = None,
        timeout: Annotated[
            str, Option("--timeout", metavar="TIME", help="How long Grafana may take for one answer.")
        ] = "15s",
    ) -> ExitCode:
        """Put the dashboards into a Grafana, over what was pushed before.

        The token (of a service account with the role Editor) comes from --token-file, or from
        WATTOS_GRAFANA_TOKEN_FILE. A dashboard that is already as it should be is left alone.

        Examples:
          wattos dashboards push --grafana http://127.0.0.1:3000 --token-file grafana.token
          wattos dashboards push --grafana https://grafana.school.example --folder Platform
        """
        timeout_s = option_seconds(timeout, "--timeout")
        return run(Options(grafana, token_file, folder, selector, slo, timeout_s), deps)

    return push
