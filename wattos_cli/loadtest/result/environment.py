"""What a figure depends on beside the code that was measured: machine, versions, scenario."""

import ast
import hashlib
import json
import os
import platform
from importlib import metadata
from pathlib import Path

from wattos_cli import __version__
from wattos_cli.loadtest.plan import Plan
from wattos_cli.loadtest.result.asked import Environment, Machine

_MACHINE_ID = Path("/etc/machine-id")
_CPUINFO = Path("/proc/cpuinfo")
_HASH_CHARACTERS = 16
_GIB = 2**30


def environment(plan: Plan) -> Environment:
    """Return what a run of the plan is made under, here and now."""
    versions = {"wattos": __version__, "python": platform.python_version(), "locust": _version("locust")}
    return Environment(machine(), versions, scenario_hash(plan))


def machine() -> Machine:
    """Return this machine; `id` names it without telling anything of it.

    Machines without an id of their own (containers) are the same if they look the same.
    """
    cpu, cores, memory = _cpu(), os.cpu_count() or 1, _memory_bytes()
    own = _MACHINE_ID.read_text(encoding="ascii").strip() if _MACHINE_ID.is_file() else ""
    looks = [own, cpu, cores, round(memory / _GIB), platform.machine()]
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Machine(_hash(json.dumps(looks)), cpu, cores, memory, system)


def scenario_hash(plan: Plan) -> str:
    """Return the hash of what is done: the sources of the journeys, their weights, the model that is asked.

    How much of it, for how long, by which engine and against whom is not in it: the result says that itself.
    """
    sources = [(str(path.relative_to(plan.locustfile.parent)), _hash(path)) for path in _sources(plan)]
    return _hash(json.dumps([dict(plan.journeys), plan.model, sources], sort_keys=True))


def _sources(plan: Plan) -> list[Path]:
    """Return the file of the journeys, and what lies beside it of the modules and packages it imports."""
    file = plan.locustfile
    names = _imported(file.read_text(encoding="utf-8", errors="replace"))
    modules = [path for path in file.parent.glob("*.py") if path.stem in names and path != file]
    packages = [folder for folder in file.parent.iterdir() if folder.name in names and folder.is_dir()]
    return [file, *sorted(modules), *sorted(path for folder in packages for path in folder.rglob("*.py"))]


def _imported(text: str) -> set[str]:
    """Return the first part of each name that a module imports; none for what is no Python."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError):
        return set()
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def _hash(value: str | Path) -> str:
    body = value.encode() if isinstance(value, str) else value.read_bytes()
    return hashlib.sha256(body).hexdigest()[:_HASH_CHARACTERS]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        text = _CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in {"model name", "Model", "Hardware"}:
            return value.strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
