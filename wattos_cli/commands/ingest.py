"""`wattos ingest`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wattos_cli.clients import credentials, running, spaces
from wattos_cli.clients.ingestion import SUFFIXES, Upload, carry, documents
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument, Option
from wattos_cli.render import text
from wattos_cli.render.safe import visible


@dataclass(frozen=True)
class Options:
    """What to upload and into which space; the time-out is for all of it, in seconds."""

    paths: tuple[Path, ...]
    space: str = spaces.DEFAULT
    timeout_s: float = 600.0


def run(opts: Options, deps: Deps) -> ExitCode:
    """Upload, wait until each document is ready or failed, and print one row per document."""
    uploads = list(documents(opts.paths, deps.cwd, running.project_of(deps).root))
    if not uploads:
        raise WattosError(
            f"no documents found in {', '.join(map(str, opts.paths))}",
            hint=f"known kinds: {' '.join(sorted(SUFFIXES))}",
            code="no_documents",
            exit_code=ExitCode.USAGE,
        )
    gateway = credentials.connect(deps)
    try:
        space = spaces.space_id(gateway, opts.space, create=True)
        path = f"/api/v1/knowledge-spaces/{space}/documents"
        carry(uploads, gateway, path, deps=deps, timeout_s=opts.timeout_s, tell=_tell_on(deps))
    finally:
        gateway.close()
    _print(uploads, opts, deps)
    return ExitCode.NO if any(upload.status != "ready" for upload in uploads) else ExitCode.OK


def _named(paths: Sequence[str]) -> Iterator[Path]:
    """Yield the paths; WattosError (usage) for an empty one, which an unset shell variable leaves."""
    for path in paths:
        if not path:
            raise WattosError(
                "one of the paths is empty",
                hint="name a file or a folder, for example: wattos ingest docs/",
                code="usage",
                exit_code=ExitCode.USAGE,
            )
        yield Path(path)


def _tell_on(deps: Deps) -> Callable[[Upload], None]:
    """Return what writes a line of progress for each finished document."""

    def tell(upload: Upload) -> None:
        note = "unchanged" if upload.unchanged else upload.status
        reason = f" ({upload.error})" if upload.error else ""
        deps.console.note(visible(f"{note}: {upload.name}{reason}"))

    return tell


def _print(uploads: list[Upload], opts: Options, deps: Deps) -> None:
    console = deps.console
    if console.json_output:
        rows = [
            {
                "path": str(u.path),
                "document_id": u.document_id or None,
                "status": u.status,
                "unchanged": u.unchanged,
                "chunks": u.chunks,
                "error": u.error or None,
            }
            for u in uploads
        ]
        console.json({"schema": "wattos.ingest/v1", "space": opts.space, "documents": rows})
        return
    cells = [
        (u.name, "unchanged" if u.unchanged and u.status == "ready" else u.status, str(u.chunks), u.error)
        for u in uploads
    ]
    head = ("DOCUMENT", "STATUS", "CHUNKS", "REASON")
    console.data(text.table(head, cells, width=console.table_width, color=console.color))
    failed = sum(1 for u in uploads if u.status != "ready")
    if failed:
        others = "; the others can be asked: wattos ask TEXT" if failed < len(uploads) else ""
        console.note(f"{failed} of {len(uploads)} failed{others}")
    else:
        console.note(f"{len(uploads)} ready in space {opts.space!r}; now: wattos ask TEXT")


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos ingest`."""

    def ingest(
        deps: Deps,
        *,
        paths: Annotated[list[str], Argument(metavar="PATH", help="Files and folders; folders are walked.")],
        space: Annotated[
            str, Option("--space", metavar="S", help="Knowledge space; made if it is missing.")
        ] = spaces.DEFAULT,
        timeout: Annotated[
            str, Option("--timeout", metavar="TIME", help="Longest wait for all of them.")
        ] = "10m",
    ) -> ExitCode:
        """Upload documents (txt, md, html, pdf, docx, csv, json) and wait until they can be asked.

        A document that is already there unchanged is not processed again. Exit code 1 if any failed.

        Examples:
          wattos ingest docs/
          wattos ingest contract.pdf --space legal
        """
        return run(Options(tuple(_named(paths)), space, option_seconds(timeout, "--timeout")), deps)

    return ingest
