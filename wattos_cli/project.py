"""The folder a command works in: where its state, logs, secrets and sockets are.

Imports only what is cheap, because `wattos ps` and the guardian pay for it.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattos_cli import replacement
from wattos_cli.errors import ExitCode, WattosError

SERVICES_SCHEMA = "wattos.services/v1"
# sun_path holds 108 bytes on Linux and 104 on macOS; the longest name below is `<service>-<replica>.sock`.
_SOCKET_DIR_LIMIT = 60


@dataclass(frozen=True)
class Project:
    """The paths of one project; `root` is absolute and resolved."""

    root: Path

    @property
    def state_dir(self) -> Path:
        """Return `.wattos`."""
        return self.root / ".wattos"

    @property
    def run_dir(self) -> Path:
        """Return the folder of run state and secrets."""
        return self.state_dir / "run"

    @property
    def log_dir(self) -> Path:
        """Return the folder of log files."""
        return self.state_dir / "logs"

    @property
    def data_dir(self) -> Path:
        """Return the folder of databases and uploaded files."""
        return self.state_dir / "data"

    @property
    def metrics_dir(self) -> Path:
        """Return the folder of kept metrics."""
        return self.state_dir / "metrics"

    @property
    def config_toml(self) -> Path:
        """Return the path of `wattos.toml`, which need not exist."""
        return self.root / "wattos.toml"

    @property
    def services_file(self) -> Path:
        """Return the file in which the supervisor keeps what runs."""
        return self.run_dir / "services.json"

    @property
    def ports_file(self) -> Path:
        """Return the file that remembers port offset and ports between two `up`."""
        return self.run_dir / "ports.json"

    @property
    def flags_file(self) -> Path:
        """Return the file that keeps the flags of the last `up`."""
        return self.run_dir / "flags.json"

    @property
    def lock_file(self) -> Path:
        """Return the file on which a living platform holds a lock."""
        return self.run_dir / "supervisor.lock"

    @property
    def service_config_file(self) -> Path:
        """Return the generated JSON that services read (WATTOS_CONFIG_FILE)."""
        return self.run_dir / "config.json"

    def component_config_file(self, name: str) -> Path:
        """Return where the generated file `name` of a component lies."""
        return self.run_dir / name

    @property
    def supervisor_log(self) -> Path:
        """Return the log file of the supervisor itself."""
        return self.log_dir / "supervisor.log"

    def log_file(self, service: str, replica: int) -> Path:
        """Return the log file of one replica."""
        return self.log_dir / f"{service}.{replica}.log"

    def secret_file(self, name: str) -> Path:
        """Return the path of a generated secret, for example jwt.secret or operator.token."""
        return self.run_dir / name

    def read_services(self) -> dict[str, Any] | None:
        """Return the content of services.json, or None when nothing was ever started here, or it is spoilt.

        When its supervisor is gone, killed perhaps, every row says `stopped`, whatever was written last.
        """
        state = read_json(self.services_file)
        if state is not None and not _is_state(state):
            return None
        supervisor = (state or {}).get("supervisor") or {}
        if state is not None and not _lives(supervisor.get("pid"), supervisor.get("start_time")):
            state["supervisor"] = None
            for row in state.get("services", []):
                row.update(state="stopped", pid=None)
        return state

    def broke_off(self) -> bool:
        """Return whether the last platform here ended without being stopped: killed, or broken."""
        supervisor = (read_json(self.services_file) or {}).get("supervisor") or {}
        return bool(supervisor) and not _lives(supervisor.get("pid"), supervisor.get("start_time"))

    def prepare(self) -> None:
        """Create `.wattos` and its folders (0700) with a `.gitignore` of its own.

        Raises WattosError when the folder cannot be written.
        """
        try:
            for folder in (self.state_dir, self.run_dir, self.log_dir, self.data_dir, self.metrics_dir):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            ignore = self.state_dir / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except OSError as error:
            raise WattosError(
                f"cannot write {self.state_dir}: {error.strerror}",
                hint="run in a folder that you may write, or name one: wattos -C DIR up",
                code="state_dir_not_writable",
                details={"path": str(self.state_dir)},
            ) from error


def find(cwd: Path) -> Project:
    """Return the project of `cwd`: the nearest folder upwards with `wattos.toml` or `.wattos`, else `cwd`."""
    start = cwd.resolve()
    for folder in (start, *start.parents):
        if (folder / "wattos.toml").is_file() or (folder / ".wattos").is_dir():
            return Project(folder)
    return Project(start)


def socket_base(environ: Mapping[str, str]) -> Path:
    """Return the folder that holds one socket folder per project.

    `$XDG_RUNTIME_DIR/wattos`, or `/tmp/wattos-<uid>` when that is unset, missing or too long for a socket.
    """
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if runtime and len(os.fsencode(runtime)) <= _SOCKET_DIR_LIMIT and Path(runtime).is_dir():
        return Path(runtime) / "wattos"
    return Path("/tmp") / f"wattos-{os.getuid()}"  # noqa: S108 - owner and mode are checked before use


def socket_dir(project: Project, environ: Mapping[str, str]) -> Path:
    """Return the folder of the project's sockets; it need not exist."""
    import hashlib  # brings OpenSSL, which the supervisor has no use for

    digest = hashlib.sha256(os.fsencode(project.root)).hexdigest()[:12]
    return socket_base(environ) / digest


def prepare_socket_dir(project: Project, environ: Mapping[str, str]) -> Path:
    """Create the socket folder (0700) and note in it which project it belongs to.

    Raises WattosError when a folder on the way belongs to somebody else: another user could answer there.
    """
    folder = socket_dir(project, environ)
    for path in (folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
        if status.st_uid != os.getuid() or path.is_symlink():
            raise WattosError(
                f"the socket folder {path} belongs to another user",
                hint=f"remove {path}, or set XDG_RUNTIME_DIR to a folder of your own.",
                code="socket_dir_not_ours",
                exit_code=ExitCode.NO,
                details={"path": str(path)},
            )
        path.chmod(0o700)
    (folder / "project").write_text(f"{project.root}\n")
    return folder


def known_projects(environ: Mapping[str, str]) -> Iterator[Project]:
    """Yield every project of this user that has been started, in the order of their folders."""
    bases = {socket_base(environ), socket_base({})}
    roots: set[Path] = set()
    for base in bases:
        for note in base.glob("*/project"):
            try:
                roots.add(Path(note.read_text().rstrip("\n")))
            except OSError:
                continue  # removed between listing and reading
    for root in sorted(roots):
        yield Project(root)


def _is_state(value: Mapping[str, Any]) -> bool:
    """Return whether `value` has the shape of services.json, whoever may have written it."""
    rows, supervisor = value.get("services", []), value.get("supervisor")
    return (
        isinstance(supervisor, dict | None)
        and isinstance(rows, list)
        and all(isinstance(row, dict) and isinstance(row.get("name"), str) for row in rows)
    )


def _lives(pid: object, start_time: object) -> bool:
    """Return whether `pid` is still the process that started at `start_time` (clock ticks since boot)."""
    if not isinstance(pid, int):
        return False
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return not Path("/proc/self").exists() and _signalled(pid)
    return fields[0] not in "ZX" and int(fields[19]) == start_time


def _signalled(pid: int) -> bool:
    """Return whether there is a process `pid`, where there is no /proc to ask more."""
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in `path`, or None when it is missing, unreadable or cut short."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` (0600) in one step, so that a reader sees the old or the new content, never half."""
    replacement.replace(path, content, 0o600)
