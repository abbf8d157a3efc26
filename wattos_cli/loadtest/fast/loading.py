"""The journeys of a plan, found without Locust."""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from wattos_cli.loadtest.journey import Journey

_LOCUST = ("locust", "gevent")
_PACKAGE = "journeys"


class LoadingError(Exception):
    """The journeys cannot be had; the text says why, and what would help."""


def needs_locust(locustfile: Path) -> bool:
    """Return whether the file imports Locust itself, as far as can be read without running it.

    Where a package `journeys` lies beside it, that is what is run.
    """
    if _has_package(locustfile):
        return False
    try:
        body = ast.parse(locustfile.read_bytes()).body
    except (SyntaxError, ValueError):
        return False  # it is told, with its line, by who runs it
    plain = [alias.name for node in body if isinstance(node, ast.Import) for alias in node.names]
    modules = [
        *plain,
        *(node.module or "" for node in body if isinstance(node, ast.ImportFrom) and not node.level),
    ]
    return any(module.partition(".")[0] in _LOCUST for module in modules)


def journeys(locustfile: Path, wanted: Mapping[str, int]) -> dict[type[Journey], int]:
    """Return the wanted journeys with their weights (0 counts as 1); LoadingError if one is not there.

    They are those of the package `journeys` beside the locustfile, else those that the file itself defines.
    """
    known = {journey.__name__: journey for journey in _defined(locustfile)}
    if not known:
        raise LoadingError(f"{locustfile} has no journeys; for classes of Locust: --engine locust")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise LoadingError(f"there is no journey {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    return {known[name]: weight or 1 for name, weight in (wanted or dict.fromkeys(known, 1)).items()}


def _defined(locustfile: Path) -> list[type[Journey]]:
    # Locust replaces parts of the standard library, asyncio's sockets among them: it must not come in.
    sys.modules.update(dict.fromkeys(_LOCUST))  # type: ignore[arg-type] # None is how an import is forbidden
    sys.path.insert(0, str(locustfile.parent))
    try:
        if _has_package(locustfile):
            return list(importlib.import_module(_PACKAGE).JOURNEYS)
        return _journeys_in(vars(_module(locustfile)).values())
    except ImportError as error:
        if error.name and error.name.partition(".")[0] in _LOCUST:
            raise LoadingError(
                f"{locustfile} is written for Locust; the fast engine runs journeys only: --engine locust"
            ) from None
        raise LoadingError(f"{locustfile}: {error}") from error


def _has_package(locustfile: Path) -> bool:
    return (locustfile.parent / _PACKAGE / "__init__.py").is_file()


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise LoadingError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _journeys_in(values: Iterable[Any]) -> list[type[Journey]]:
    return [
        value
        for value in values
        if isinstance(value, type) and issubclass(value, Journey) and value is not Journey
    ]
