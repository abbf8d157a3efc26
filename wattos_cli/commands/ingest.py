"""`wattos ingest`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from wattos_cli.clients import credentials, running, spaces
from wattos_cli.clients.ingestion import LONGEST_WAIT_S, SUFFIXES, WAITING, Upload, carry, documents
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Run
from wattos_cli.errors import ExitCode, Terminated, WattosError
from wattos_cli.parameters import Argument, Option
from wattos_cli.render import text

_SILENT_S = 10.0
"""How long a log hears nothing at most while documents are processed."""


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
        with deps.console.waiting(_done(uploads)) as say:
            tell = _telling(uploads, say, deps)
            carry(uploads, gateway, path, deps=deps, timeout_s=opts.timeout_s, tell=tell)
    except (WattosError, KeyboardInterrupt, Terminated):
        if any(upload.status != WAITING for upload in uploads) and not deps.console.json_output:
            _print_table(uploads, deps)
        raise
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


def _telling(uploads: Sequence[Upload], say: Callable[[str], None], deps: Deps) -> Callable[[], None]:
    """Return what is called after each look at a document; the table at the end names each.

    On a terminal the line of the wait tells how many are done; elsewhere a line of its own does, before the
    log has been silent for `_SILENT_S`.
    """
    told_at = deps.monotonic()

    def tell() -> None:
        nonlocal told_at
        say(_done(uploads))
        now = deps.monotonic()
        if not deps.console.animate and now - told_at >= _SILENT_S - LONGEST_WAIT_S:
            told_at = now
            deps.console.note(_done(uploads))

    return tell


def _done(uploads: Sequence[Upload]) -> str:
    finished = [upload for upload in uploads if upload.is_finished()]
    failed = sum(upload.status == "failed" for upload in finished)
    told = f"{len(finished)} of {len(uploads)} documents are done"
    return f"{told}, {failed} of them failed" if failed else told


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
    _print_table(uploads, deps)
    failed = sum(1 for u in uploads if u.status != "ready")
    if failed:
        others = "; the others can be asked: wattos ask TEXT" if failed < len(uploads) else ""
        console.note(f"{failed} of {len(uploads)} failed{others}")
    else:
        console.note(f"{len(uploads)} ready in space {opts.space!r}; now: wattos ask TEXT")


def _print_table(uploads: Sequence[Upload], deps: Deps) -> None:
    cells = [
        (u.name, "unchanged" if u.unchanged and u.status == "ready" else u.status, str(u.chunks), u.error)
        for u in uploads
    ]
    head = ("DOCUMENT", "STATUS", "CHUNKS", "REASON")
    console = deps.console
    right = frozenset({"CHUNKS"})
    console.data(text.table(head, cells, width=console.table_width, color=console.color, right=right))


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
