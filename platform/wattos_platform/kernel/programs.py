"""The programs `serve` and `migrate`: one process each, its exit code the answer."""

import gc
import os
import sys
from collections.abc import Callable

from wattos_platform import catalog
from wattos_platform.contracts.settings import Settings, SettingsError
from wattos_platform.kernel.db.migrate import (
    DatabaseNewerError,
    MigrationFailedError,
    migrate,
    versions_folder,
)
from wattos_platform.kernel.logging import LogSink, make_logger
from wattos_platform.kernel.process.trim import give_back_heap, give_back_library_pages

OK, FAILED, USAGE, CONFIG = 0, 1, 2, 3
# A request makes hundreds of containers and leaves no cycles: a look at every 700 would cost 6 % of the CPU.
_GC_THRESHOLDS = (20_000, 10, 10)


def serve_program(name: str) -> int:
    """Serve the catalog's service `name` with the settings of the environment until SIGTERM."""
    return _guarded(name, _serve)


def migrate_program(name: str) -> int:
    """Bring the database of `name` to the schema of the code; exit code 3 when it is newer than the code."""
    return _guarded(name, _migrate)


def _guarded(name: str, program: Callable[[catalog.Service], int]) -> int:
    try:
        service = catalog.service(name)
    except KeyError:
        known = ", ".join(each.name for each in catalog.SERVICES)
        return _refuse(USAGE, f"there is no service {name!r}; the catalog has {known}")
    try:
        return program(service)
    except (SettingsError, DatabaseNewerError) as error:
        return _refuse(CONFIG, f"{name}: {error}")
    except (MigrationFailedError, OSError) as error:
        return _refuse(FAILED, f"{name}: {error}")


def _serve(service: catalog.Service) -> int:
    Settings.from_environ(os.environ)  # what is wrong is told before seconds go into imports
    import uvloop

    from wattos_platform.kernel.bootstrap import load_factory, open_runtime
    from wattos_platform.kernel.serve import serve

    factory = load_factory(service)
    gc.freeze()

    async def run() -> None:
        runtime = await open_runtime(service, os.environ)
        app = factory(runtime)
        gc.collect()
        gc.freeze()
        gc.enable()
        gc.set_threshold(*_GC_THRESHOLDS)
        # What only importing needed: 15 MB of library code and some of the heap.
        give_back_library_pages()
        give_back_heap()
        await serve(app)

    uvloop.run(run())
    return OK


def _migrate(service: catalog.Service) -> int:
    if not service.database:
        return OK
    settings = Settings.from_environ(os.environ)
    done = migrate(settings.database_path(service.name), versions_folder(service))
    if done.changed:
        make_logger(LogSink(service.name)).info(
            "schema.migrated",
            message=f"The schema went from {done.before or 'empty'} to {done.after}.",
            before=done.before,
            after=done.after,
        )
    return OK


def _refuse(code: int, message: str) -> int:
    sys.stderr.write(f"wattos_platform: {message}\n")
    return code
