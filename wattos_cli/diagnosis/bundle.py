"""A tar.gz with what somebody needs who was not there, without secrets: the artifact of a failed run."""

import contextlib
import io
import json
import os
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wattos_cli import __version__
from wattos_cli.diagnosis import samples
from wattos_cli.errors import WattosError
from wattos_cli.project import Project
from wattos_platform.contracts.redaction import redact, redact_text

LOG_LIMIT_BYTES = 32_000_000
_IN_MEMORY_BYTES = 4_000_000
_CHUNK_BYTES = 1 << 20
_METRICS = "metrics.openmetrics.txt"
_SKIPPED = b"... the beginning of this file is left out ...\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One JSON member of the bundle; `collect` may raise, then the member says why it is missing."""

    name: str
    collect: Callable[[], Any]


def write(target: Path, project: Project, parts: list[Part], now: float) -> list[str]:
    """Write the bundle (0600, replaced in one step) and return the names of its members.

    Raises WattosError when the file cannot be written.
    """
    names: list[str] = []
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz") as archive:
            for part in parts:
                body = json.dumps(
                    redact(_collected(part)), indent=2, default=str, ensure_ascii=False
                ).encode()
                _add(archive, part.name, io.BytesIO(body), now)
                names.append(part.name)
            for path in sorted(project.log_dir.glob("*.log*")):
                with redacted_log(path) as content:
                    _add(archive, f"logs/{path.name}", content, now)
                names.append(f"logs/{path.name}")
            with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as content:
                if samples.write(project.metrics_dir, content):
                    _add(archive, _METRICS, content, now)
                    names.append(_METRICS)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise WattosError(
            f"cannot write {target}: {error.strerror}",
            hint="name a file in a folder that exists and that you may write",
            code="export_not_written",
            details={"path": str(target)},
        ) from error
    return names


def about(project: Project, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return versions, system and the names (never the values) of the variables that concern wattos."""
    concerned = ("WATTOS_", "CI", "GITHUB_ACTIONS", "GITLAB_CI")
    return {
        "wattos": __version__,
        "python": sys.version,
        "platform": " ".join(os.uname()),
        "project": str(project.root),
        "variables": sorted(name for name in environ if name.startswith(concerned)),
    }


def _collected(part: Part) -> Any:
    try:
        return part.collect()
    except WattosError as error:
        return {"missing": error.message, "code": error.code}


@contextlib.contextmanager
def redacted_log(path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> Iterator[IO[bytes]]:
    """Yield the log without secrets, line by line, cut at the front to `limit_bytes`."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as out:
        with path.open("rb") as source:
            size = source.seek(0, os.SEEK_END)
            source.seek(max(0, size - limit_bytes))
            if size > limit_bytes:
                source.readline(_CHUNK_BYTES)
                out.write(_SKIPPED)
            while line := source.readline(_CHUNK_BYTES):
                out.write(redact_text(line.decode("utf-8", "replace")).encode())
        out.seek(0)
        yield out


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes], now: float) -> None:
    info = tarfile.TarInfo(f"wattos-export/{name}")
    info.size = content.seek(0, os.SEEK_END)
    info.mtime = int(now)
    info.mode = 0o600
    content.seek(0)
    archive.addfile(info, content)
