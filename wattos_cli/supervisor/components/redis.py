"""What `redis-server` is started with."""

from collections.abc import Mapping
from pathlib import Path

from wattos_cli.supervisor.components.setting import Setting

_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def files(setting: Setting) -> Mapping[str, str]:
    """Return redis.conf by its name."""
    return {"redis.conf": configuration(setting.plan.port, setting.plan.password, Path(setting.plan.cwd))}


def configuration(port: int, password: str, data_dir: Path) -> str:
    """Return the content of redis.conf: loopback only, with a password, everything kept in `data_dir`.

    Limits and budgets must outlive a killed process, so every write is appended to a file before it is
    answered; what a power cut may take is the last second. Snapshots (`save`) would lose minutes. A full
    memory evicts what has a time to live, the longest unused first; what has none is never evicted.
    """
    return "\n".join(
        [
            "bind 127.0.0.1",
            "protected-mode yes",
            f"port {port}",
            f"requirepass {_quoted(password)}",
            f"dir {_quoted(str(data_dir))}",
            "appendonly yes",
            "appendfsync everysec",
            'save ""',
            "maxmemory 256mb",
            "maxmemory-policy volatile-lru",
            "daemonize no",
            'logfile ""',
            "",
        ]
    )


def _quoted(text: str) -> str:
    """Return `text` as one argument of a line, whatever characters a folder's name has."""
    return '"' + "".join(_ESCAPED.get(character, character) for character in text) + '"'
