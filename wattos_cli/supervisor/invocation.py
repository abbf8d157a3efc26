"""The arguments of the supervisor program; read without argparse, which would cost 10 ms of every start."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Needs:
    """Services to preload (none: no fork server), and what can be left out when it is not needed.

    `migrations`: some database does not exist yet. `tls`: some attached service is asked over https.
    `redis`: services are given a Redis.
    """

    preload: tuple[str, ...] = ()
    migrations: bool = False
    tls: bool = False
    redis: bool = False


@dataclass(frozen=True, slots=True)
class Invocation:
    """Project and socket folder, and what the services need."""

    root: Path
    socket_dir: Path
    needs: Needs

    @classmethod
    def parse(cls, argv: list[str]) -> "Invocation":
        """Return what `to_argv` wrote; KeyError or ValueError if it was not that."""
        given = dict(zip(argv[::2], argv[1::2], strict=True))
        return cls(
            root=Path(given["--project"]),
            socket_dir=Path(given["--sockets"]),
            needs=Needs(
                preload=tuple(name for name in given["--preload"].split(",") if name),
                migrations=given["--migrations"] == "yes",
                tls=given["--tls"] == "yes",
                redis=given["--redis"] == "yes",
            ),
        )

    def to_argv(self) -> list[str]:
        """Return the arguments."""
        return [
            "--project", str(self.root),
            "--sockets", str(self.socket_dir),
            "--preload", ",".join(self.needs.preload),
            "--migrations", "yes" if self.needs.migrations else "no",
            "--tls", "yes" if self.needs.tls else "no",
            "--redis", "yes" if self.needs.redis else "no",
        ]  # fmt: skip
