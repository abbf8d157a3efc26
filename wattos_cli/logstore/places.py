"""Where this call's log files are: the project's, its own services', or those named with `--file`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from wattos_cli import project
from wattos_cli.errors import WattosError, usage
from wattos_cli.logstore.discovery import chosen, families
from wattos_cli.logstore.files import Family
from wattos_platform import catalog


class Places:
    """Finds the families anew at each call, since replicas come and go; `notices` are for stderr."""

    def __init__(
        self, cwd: Path, environ: Mapping[str, str], files: Sequence[str], services: Sequence[str]
    ) -> None:
        """Look for files named by `files`, or for the project's; WattosError (usage) if one is missing."""
        self.notices: list[str] = []
        self._services = services
        self._files = [_file(cwd, text) for text in files]
        self._project = project.find(cwd)
        self._configured = {} if files else self._own_log_files(environ)

    def families(self) -> list[Family]:
        """Return the families there are now; WattosError (usage) for a service that is not known."""
        if self._files:
            return self._files
        own = dict(self._running_own())
        found = families(self._project.log_dir, {**self._configured, **own})
        known = set(catalog.PORTS) | set(self._configured) | set(own)
        return chosen(found, self._services, known)

    def nothing_there(self, run: str | None) -> str:
        """Return what to say when there is nothing to read."""
        names = f" of {', '.join(self._services)}" if self._services else ""
        if run:
            return f"There is no run {run}{names}; earlier ones: wattos logs --run all"
        where = self._files[0].path if self._files else self._project.log_dir
        return f"No log lines{names} in {where} yet. Start the platform: wattos up"

    def _running_own(self) -> Iterator[tuple[str, Path]]:
        """Yield the log files of services of the user's, as the supervisor noted them."""
        state = self._project.read_services() or {}
        for service in state.get("services", []):
            path = service.get("log_file")
            if service.get("kind") == "own" and path:
                yield str(service.get("name", "")), self._project.root / path

    def _own_log_files(self, environ: Mapping[str, str]) -> dict[str, Path]:
        """Return `log_file` of the services in wattos.toml; a wrong file is told and left out."""
        if not self._project.config_toml.is_file():
            return {}
        from wattos_cli.config.loading import load

        try:
            config = load(self._project.root, environ)
        except WattosError as error:
            self.notices.append(f"wattos.toml is not usable, log_file entries are left out: {error.message}")
            return {}
        return {
            own.name: self._project.root / own.log_file
            for own in config.own_services
            if own.log_file and own.enabled
        }


def _file(cwd: Path, text: str) -> Family:
    path = (cwd / text).absolute()
    if not path.exists():
        raise usage(f"--file {text}: there is no such file.", f"Look at what there is: ls {path.parent}")
    if path.is_dir():
        raise usage(f"--file {text}: that is a folder.", "Name the files, each with its own --file.")
    found = Family.of(path)
    return Family(path, found.service if found else path.name, found.replica if found else "")
