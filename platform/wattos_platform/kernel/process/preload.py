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
from wattos_platform.kernel.process.imports import import_lean

# The stage after which databases can be migrated, while the rest is still being imported.
MIGRATE = "migrate"
_FOR_MIGRATIONS = ("wattos_platform.kernel.programs", "wattos_platform.kernel.db.migrate")
# Needed only when there is something to migrate: a warm start does without.
_ALEMBIC = ("alembic.command", "alembic.runtime.migration")
# Modules that a service imports only when it runs; imported here, they are shared by all replicas.
_FOR_ALL = (
    "wattos_platform.kernel.service",
    "wattos_platform.kernel.bootstrap",
    "wattos_platform.kernel.serve",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "encodings.idna",
)
# What takes a service longest when it is given a Redis.
_FOR_REDIS = ("redis.asyncio",)


@dataclass(frozen=True, slots=True)
class Stage:
    """Modules imported together; when they are, what bears this name can be forked."""

    name: str
    modules: tuple[str, ...]


def stages(services: Iterable[str], *, migrations: bool, redis: bool = False) -> list[Stage]:
    """Return what to import for `services`, in an order that lets each be forked as early as possible.

    `migrations`: some database must be migrated. `redis`: they are given a Redis.
    """
    found = [Stage(MIGRATE, (*_FOR_MIGRATIONS, *(_ALEMBIC if migrations else ())))]
    shared = (*_FOR_ALL, *(_FOR_REDIS if redis else ()))
    for name in services:
        found.append(Stage(name, (*shared, catalog.service(name).factory.partition(":")[0])))
        shared = ()
    return found


@dataclass(slots=True)
class Preload:
    """The imports of one fork server. `failed` maps modules to why they could not be imported."""

    began_ns: int = field(default_factory=time.time_ns)
    duration_ms: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[int, int]] = field(default_factory=dict)

    def load(self, stage: Stage) -> None:
        """Import the modules of `stage` and freeze them: the collector never touches a shared page again.

        A module that cannot be imported is noted and left out: the service that needs it fails by itself,
        with the traceback in its own log, and the others start.
        """
        import_lean()
        for module in stage.modules:
            try:
                importlib.import_module(module)
            except Exception as error:  # noqa: BLE001 - any error at import belongs to the service alone
                self.failed[module] = f"{type(error).__name__}: {error}"
        gc.freeze()

    def finish(self) -> None:
        """Take note of every file that was loaded, after the last stage.

        A file written while we were loading may hold other code than we have: it counts as changed.
        """
        now_ns = time.time_ns()
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str):
                seen = _fingerprint(path)
                self.files[path] = (-1, -1) if self.began_ns < seen[0] <= now_ns else seen
        self.duration_ms = (now_ns - self.began_ns) / 1e6

    def changed(self) -> list[str]:
        """Return the loaded files that differ from what was loaded, or are gone."""
        return [path for path, seen in self.files.items() if _fingerprint(path) != seen]


def unsafe_to_fork() -> str:
    """Return why this process must not fork, "" when it may.

    A fork loses every other thread and leaves the locks it held locked for ever.
    """
    try:
        threads = os.listdir("/proc/self/task")  # noqa: PTH208 - a count is all
    except FileNotFoundError:
        return ""
    return f"{len(threads)} threads run after the preload" if len(threads) > 1 else ""


def _fingerprint(path: str) -> tuple[int, int]:
    """Return mtime (ns) and size of `path`, (0, 0) when it does not exist."""
    try:
        status = Path(path).stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
