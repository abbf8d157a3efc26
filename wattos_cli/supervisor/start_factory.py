"""What a replica's process gets: arguments, environment, folder, log file and sockets."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wattos_cli.project import Project, write_private
from wattos_cli.supervisor import credentials, exec_child
from wattos_cli.supervisor.children import Start
from wattos_cli.supervisor.fork_process import platform_environ
from wattos_cli.supervisor.plan import Plan, ServicePlan

# The interpreter never looks for modules in the project's folder: a file `redis.py` there is the user's.
PLATFORM_COMMAND = (sys.executable, "-P", "-m", "wattos_platform")
_QUERY_COMMAND = (sys.executable, "-P", "-m", "wattos_cli.supervisor.queries.worker")

# All that a program of others gets of our environment: no key and no address of ours is its business. Its
# log lines bear no time zone, so it is told to write UTC, as which they are read.
_GIVEN_TO_COMPONENTS = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")
_GIVEN_TO_QUERIES = (*_GIVEN_TO_COMPONENTS, "WATTOS_ALERTS_TIME_SCALE")
_UTC = {"TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class StartFactory:
    """Where the project keeps things; makes the start of every process from it."""

    project: Project
    socket_dir: Path
    import_paths: tuple[Path, ...]
    drain_s: float

    def log_file(self, plan: ServicePlan, number: int) -> Path:
        """Return where descriptors 1 and 2 of a replica go."""
        return self.project.log_file(plan.name, number)

    def ops_socket(self, plan: ServicePlan, number: int) -> Path | None:
        """Return the path of a replica's operations socket, None for services that are not ours."""
        return self.socket_dir / f"{plan.name}-{number}.sock" if plan.kind == "bundled" else None

    def start(self, plan: ServicePlan, number: int, whole: Plan, listener: int | None) -> Start:
        """Return how replica `number` of `plan` is started; `listener` is our listening socket for it."""
        program = ("serve", plan.name)
        environ = self._environ(plan, number, whole)
        if listener is not None:
            environ["WATTOS_HTTP_FD"] = str(exec_child.PASSED_FD)
        return Start(
            name=plan.name,
            command=plan.command or (*PLATFORM_COMMAND, *program),
            program=program,
            environ=environ,
            cwd=Path(plan.cwd) if plan.cwd else self.project.root,
            log_file=self.log_file(plan, number),
            listener=listener,
        )

    def migration(self, plan: ServicePlan, whole: Plan) -> Start:
        """Return how the database of `plan` is brought up to date."""
        program = ("migrate", plan.name)
        return Start(
            name=plan.name,
            command=(*PLATFORM_COMMAND, *program),
            program=program,
            environ=self._environ(plan, 0, whole),
            cwd=self.project.root,
            log_file=self.log_file(plan, 0),
        )

    def query_worker(self, connection: int) -> Start:
        """Return how a process is started that evaluates queries for the socket `connection`."""
        given = {name: os.environ[name] for name in _GIVEN_TO_QUERIES if name in os.environ}
        return Start(
            name="queries",
            command=(*_QUERY_COMMAND, str(self.project.root)),
            program=(),
            environ=platform_environ(given, self.import_paths),
            cwd=self.project.root,
            log_file=self.project.supervisor_log,
            listener=connection,
        )

    def furnish(self, plan: ServicePlan) -> None:
        """Create the data folder of a component (0700) and write its configuration (0600); OSError."""
        if plan.kind != "component":
            return
        Path(plan.cwd).mkdir(mode=0o700, exist_ok=True)
        Path(plan.cwd).chmod(0o700)
        for name, content in plan.configuration.items():
            file = self.project.component_config_file(name)
            write_private(file, content.encode(errors="surrogateescape"))

    def write_service_config(self, whole: Plan) -> None:
        """Write the JSON file that services read their tables of wattos.toml from."""
        content = json.dumps(whole.service_config, indent=1, sort_keys=True)
        write_private(self.project.service_config_file, content.encode())

    def _environ(self, plan: ServicePlan, number: int, whole: Plan) -> dict[str, str]:
        if plan.kind == "component":
            given = {name: whole.environ[name] for name in _GIVEN_TO_COMPONENTS if name in whole.environ}
            return {**given, **_UTC}
        environ = dict(whole.environ)
        if plan.kind == "bundled":
            environ = platform_environ(environ, list(self.import_paths))
            environ.update(self._platform_variables(plan, number))
        for other in whole.services:
            if other.base_url and other.kind != "component":
                environ.setdefault(f"WATTOS_{other.name.upper().replace('-', '_')}_URL", other.base_url)
        if plan.kind != "bundled" and plan.port:
            environ["PORT"] = str(plan.port)
        environ.update(plan.environ)
        return environ

    def _platform_variables(self, plan: ServicePlan, number: int) -> Mapping[str, str]:
        project = self.project
        return {
            "WATTOS_REPLICA": str(number),
            "WATTOS_OPS_SOCKET": str(self.ops_socket(plan, number)),
            "WATTOS_DATA_DIR": str(project.data_dir),
            "WATTOS_RUN_DIR": str(project.run_dir),
            "WATTOS_IDENTITY_KEY_FILE": str(project.secret_file(credentials.IDENTITY_KEY)),
            "WATTOS_JWT_SECRET_FILE": str(project.secret_file(credentials.JWT_SECRET)),
            "WATTOS_OPERATOR_TOKEN_FILE": str(project.secret_file(credentials.OPERATOR_TOKEN)),
            "WATTOS_CONFIG_FILE": str(project.service_config_file),
            "WATTOS_LOG_FILE": str(self.log_file(plan, number)),
            "WATTOS_DRAIN_S": str(int(self.drain_s)),
            "PYTHONUNBUFFERED": "1",
        }
