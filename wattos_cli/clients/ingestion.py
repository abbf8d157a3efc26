"""Documents on their way into a knowledge space: found, uploaded, watched until ready or failed."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattos_cli.clients.refusals import part
from wattos_cli.deps import Deps, Gateway
from wattos_cli.errors import ExitCode, WattosError

SUFFIXES = frozenset({".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".csv", ".json", ".markdown"})
_FIRST_WAIT_S = 0.1
LONGEST_WAIT_S = 2.0
"""How long a document in processing is left alone at most."""
WAITING = "waiting"
"""The status of a file that was not sent yet."""


@dataclass
class Upload:
    """One file on its way."""

    path: Path
    name: str
    document_id: str = ""
    status: str = WAITING
    unchanged: bool = False
    chunks: int = 0
    error: str = ""

    def is_finished(self) -> bool:
        """Return whether the platform is done with it, well or not."""
        return self.status in {"ready", "failed"}

    def take(self, document: dict[str, Any]) -> None:
        """Take over what the platform says about the document."""
        self.document_id = str(part(document, "id"))
        self.status = str(part(document, "status"))
        self.unchanged = self.unchanged or bool(document.get("unchanged"))
        self.chunks = int(document.get("chunks") or 0)
        self.error = _reason(document.get("error"))


Tell = Callable[[], None]


def documents(paths: Sequence[Path], cwd: Path, project: Path) -> Iterator[Upload]:
    """Yield every file named, and every known kind of file in the folders named, without hidden ones.

    A link in a folder that leads out of it is passed over: who names a folder means what is in it.
    """
    seen: set[Path] = set()
    for given in paths:
        root = Path(os.path.abspath(cwd / given))  # noqa: PTH100 - resolve() would follow a link's name
        if root.is_dir():
            found = sorted(path for path in root.rglob("*") if _is_document(path, root))
        elif root.is_file():
            found = [root]
        else:
            if root.exists():
                raise WattosError(
                    f"{given} is neither a file nor a folder (a device, a pipe or a socket)",
                    hint="write its content to a file first",
                    code="not_a_file",
                    exit_code=ExitCode.USAGE,
                    details={"path": str(root)},
                )
            raise WattosError(
                f"there is no file or folder {given}",
                hint="name an existing one; shells expand patterns like docs/*.md before wattos sees them",
                code="no_such_file",
                exit_code=ExitCode.USAGE,
                details={"path": str(root)},
            )
        for path in found:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield Upload(path, _name(path, root, project))


def _name(path: Path, given: Path, project: Path) -> str:
    """Return the document's name: its path in the project, else from the given folder or file on.

    Two runs give one file one name, so that a document is recognized as unchanged.
    """
    base = project if path.is_relative_to(project) else given.parent
    return path.relative_to(base).as_posix().encode("utf-8", "replace").decode()


def _is_document(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    if hidden or path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    return not path.is_symlink() or path.resolve().is_relative_to(root.resolve())


def carry(
    uploads: list[Upload], gateway: Gateway, path: str, *, deps: Deps, timeout_s: float, tell: Tell
) -> None:
    """Upload file after file and wait until all are finished; `tell` is called after each look at one.

    Looks are LONGEST_WAIT_S apart at most, and what they take.
    Only the oldest document in processing is asked about, ever more slowly: each question counts against
    the caller's rate limit, and documents are processed about in order.
    """
    deadline = deps.monotonic() + timeout_s
    for upload in uploads:
        _upload(upload, gateway, path, tell)
    for upload in uploads:
        wait_s = _FIRST_WAIT_S
        while not upload.is_finished():
            if deps.monotonic() >= deadline:
                upload.error = f"not ready within {timeout_s:g} s (was {upload.status})"
                upload.status = "failed"
            else:
                deps.sleep(wait_s)
                wait_s = min(wait_s * 1.5, LONGEST_WAIT_S)
                upload.take(gateway.json("GET", f"/api/v1/documents/{upload.document_id}"))
            tell()


def _upload(upload: Upload, gateway: Gateway, path: str, tell: Tell) -> None:
    """Send one file; a refusal of this file is its failure, an unreachable platform is everybody's."""
    try:
        upload.take(gateway.upload(path, upload.path, upload.name))
        if upload.is_finished() and not upload.chunks:
            upload.take(gateway.json("GET", f"/api/v1/documents/{upload.document_id}"))
    except WattosError as error:
        if error.exit_code == ExitCode.UNREACHABLE:
            raise
        upload.status, upload.error = "failed", error.message
    except OSError as error:
        upload.status, upload.error = "failed", f"cannot read the file: {error.strerror}"
    tell()


def _reason(error: Any) -> str:
    if isinstance(error, dict):
        return str(error.get("message") or error.get("code") or "")
    return str(error or "")
