"""What the fork server imports once for all services, and whether those files are still the same."""

import gc
import importlib
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from wattos_platform import catalog

# Modules that a service imports only when it runs; imported here, they are shared by all replicas.
_COMMON = (
    "wattos_platform.kernel.service",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
)
# Migrations need these, but only when there is something to migrate: a warm start does without.
_MIGRATIONS = ("alembic.command", "alembic.runtime.migration")


@dataclass(frozen=True, slots=True)
class Preloaded:
    """The outcome of one preload: files with their mtime (ns) and size, modules that failed, duration."""

    files: dict[str, tuple[int, int]]
    failed: dict[str, str] = field(default_factory=dict)
    duration_ms: float = 0.0

    def changed(self) -> list[str]:
        """Return the preloaded files that differ from what was loaded, or are gone."""
        return [path for path, seen in self.files.items() if _fingerprint(path) != seen]


def preload(services: Iterable[str], *, migrations: bool = False) -> Preloaded:
    """Import what `services` need and freeze it, so that the collector never touches a shared page again.

    A module that cannot be imported is noted and left out: the service that needs it fails by itself, with
    the traceback in its own log, and the others start.
    """
    began_ns = time.time_ns()
    gc.disable()
    failed: dict[str, str] = {}
    for module in [*_COMMON, *(_MIGRATIONS if migrations else ()), *_modules_of(services)]:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - any error at import belongs to the service alone
            failed[module] = f"{type(error).__name__}: {error}"
    files = _loaded_files(began_ns)
    gc.collect()
    gc.freeze()
    return Preloaded(files, failed, (time.time_ns() - began_ns) / 1e6)


def unsafe_to_fork() -> str:
    """Return why this process must not fork, "" when it may.

    A fork loses every other thread and leaves the locks it held locked for ever.
    """
    try:
        threads = os.listdir("/proc/self/task")  # noqa: PTH208 - a count is all
    except FileNotFoundError:
        return ""
    return f"{len(threads)} threads run after the preload" if len(threads) > 1 else ""


def _modules_of(services: Iterable[str]) -> list[str]:
    return [catalog.service(name).factory.partition(":")[0] for name in services]


def _loaded_files(began_ns: int) -> dict[str, tuple[int, int]]:
    """Return the fingerprint of every file behind a loaded module.

    A file written while we were loading may hold other code than we have: it is noted as changed.
    """
    files: dict[str, tuple[int, int]] = {}
    now_ns = time.time_ns()
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            seen = _fingerprint(path)
            files[path] = (-1, -1) if began_ns < seen[0] <= now_ns else seen
    return files


def _fingerprint(path: str) -> tuple[int, int]:
    """Return mtime (ns) and size of `path`, (0, 0) when it does not exist."""
    try:
        status = Path(path).stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
