"""The arguments of the supervisor program; read without argparse, which would cost 10 ms of every start."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Invocation:
    """Project and socket folder, inherited descriptors, services to preload (none: no fork server)."""

    root: Path
    socket_dir: Path
    client_fd: int
    lock_fd: int
    preload: tuple[str, ...]
    migrations: bool

    @classmethod
    def parse(cls, argv: list[str]) -> "Invocation":
        """Return what `to_argv` wrote; KeyError or ValueError if it was not that."""
        given = dict(zip(argv[::2], argv[1::2], strict=True))
        return cls(
            root=Path(given["--project"]),
            socket_dir=Path(given["--sockets"]),
            client_fd=int(given["--client-fd"]),
            lock_fd=int(given["--lock-fd"]),
            preload=tuple(name for name in given["--preload"].split(",") if name),
            migrations=given["--migrations"] == "yes",
        )

    def to_argv(self) -> list[str]:
        """Return the arguments."""
        return [
            "--project", str(self.root),
            "--sockets", str(self.socket_dir),
            "--client-fd", str(self.client_fd),
            "--lock-fd", str(self.lock_fd),
            "--preload", ",".join(self.preload),
            "--migrations", "yes" if self.migrations else "no",
        ]  # fmt: skip
