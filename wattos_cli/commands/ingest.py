"""`wattos ingest`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from wattos_cli.clients import credentials, spaces
from wattos_cli.config.durations import option_seconds
from wattos_cli.deps import Command, Deps, Gateway, Run
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.parameters import Argument, Option
from wattos_cli.render import text

SUFFIXES = frozenset({".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".csv", ".json"})
_POLL_S = 0.3
_IN_FLIGHT = 8


@dataclass(frozen=True)
class Options:
    """What to upload and into which space; the time-out is for all of it, in seconds."""

    paths: tuple[Path, ...]
    space: str = spaces.DEFAULT
    timeout_s: float = 600.0


@dataclass
class _Upload:
    """One file on its way."""

    path: Path
    name: str
    document_id: str = ""
    status: str = "waiting"
    unchanged: bool = False
    chunks: int = 0
    error: str = ""

    @property
    def finished(self) -> bool:
        return self.status in {"ready", "failed"}

    def take(self, document: dict[str, Any]) -> None:
        """Take over what the platform says about the document."""
        self.document_id = str(document["id"])
        self.status = str(document["status"])
        self.unchanged = self.unchanged or bool(document.get("unchanged"))
        self.chunks = int(document.get("chunks") or 0)
        self.error = _reason(document.get("error"))


def run(opts: Options, deps: Deps) -> ExitCode:
    """Upload, wait until each document is ready or failed, and print one row per document."""
    uploads = list(_files(opts, deps))
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
        _carry(uploads, gateway, f"/api/v1/knowledge-spaces/{space}/documents", deps, opts.timeout_s)
    finally:
        gateway.close()
    _print(uploads, opts, deps)
    return ExitCode.NO if any(upload.status != "ready" for upload in uploads) else ExitCode.OK


def _files(opts: Options, deps: Deps) -> Iterator[_Upload]:
    """Yield every file named, and every known kind of file in the folders named, without hidden ones."""
    seen: set[Path] = set()
    for given in opts.paths:
        root = deps.cwd / given
        if root.is_dir():
            found = sorted(path for path in root.rglob("*") if _is_document(path, root))
        elif root.is_file():
            found = [root]
        else:
            raise WattosError(
                f"there is no file or folder {given}",
                hint="name an existing one; shells expand patterns like docs/*.md before wattos sees them",
                code="no_such_file",
                exit_code=ExitCode.USAGE,
                details={"path": str(root)},
            )
        base = root if root.is_dir() else root.parent
        for path in found:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield _Upload(path, path.relative_to(base).as_posix())


def _is_document(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return not hidden and path.suffix.lower() in SUFFIXES and path.is_file()


def _carry(uploads: list[_Upload], gateway: Gateway, path: str, deps: Deps, timeout_s: float) -> None:
    """Upload file after file, with at most a few in processing at a time, until all are finished."""
    deadline = deps.monotonic() + timeout_s
    waiting = list(uploads)
    while not all(upload.finished for upload in uploads):
        in_flight = [upload for upload in uploads if upload.document_id and not upload.finished]
        if waiting and len(in_flight) < _IN_FLIGHT:
            _upload(waiting.pop(0), gateway, path, deps)
            continue
        deps.sleep(_POLL_S)
        for upload in in_flight:
            upload.take(gateway.json("GET", f"/api/v1/documents/{upload.document_id}"))
            _tell(upload, deps)
        if deps.monotonic() >= deadline:
            for upload in uploads:
                if not upload.finished:
                    upload.status, upload.error = (
                        "failed",
                        f"not ready within {timeout_s:g} s (was {upload.status})",
                    )


def _upload(upload: _Upload, gateway: Gateway, path: str, deps: Deps) -> None:
    """Send one file; a refusal of this file is its failure, an unreachable platform is everybody's."""
    try:
        upload.take(gateway.upload(path, upload.path, upload.name))
        if upload.finished and not upload.chunks:
            upload.take(gateway.json("GET", f"/api/v1/documents/{upload.document_id}"))
    except WattosError as error:
        if error.exit_code == ExitCode.UNREACHABLE:
            raise
        upload.status, upload.error = "failed", error.message
    except OSError as error:
        upload.status, upload.error = "failed", f"cannot read the file: {error.strerror}"
    _tell(upload, deps)


def _tell(upload: _Upload, deps: Deps) -> None:
    if upload.finished:
        note = "unchanged" if upload.unchanged else upload.status
        deps.console.note(
            text.visible(f"{note}: {upload.name}{f' ({upload.error})' if upload.error else ''}")
        )


def _print(uploads: list[_Upload], opts: Options, deps: Deps) -> None:
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
    console.data(text.table(head, cells, width=console.width, color=console.color))
    failed = sum(1 for u in uploads if u.status != "ready")
    if failed:
        console.note(f"{failed} of {len(uploads)} failed; the others can be asked: wattos ask TEXT")
    else:
        console.note(f"{len(uploads)} ready in space {opts.space!r}; now: wattos ask TEXT")


def _reason(error: Any) -> str:
    if isinstance(error, dict):
        return str(error.get("message") or error.get("code") or "")
    return str(error or "")


def command(run: Run[Options] = run) -> Command:
    """Return the parser of `wattos ingest`."""

    def ingest(
        deps: Deps,
        *,
        paths: Annotated[list[Path], Argument(metavar="PATH", help="Files and folders; folders are walked.")],
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
        return run(Options(tuple(paths), space, option_seconds(timeout, "--timeout")), deps)

    return ingest
