"""Which log files a project has, and which of them are meant by the names that were given."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.logstore.files import Family

_ROTATED = re.compile(r"(.+\.log)\.\d+")


def families(log_dir: Path, own: Mapping[str, Path]) -> list[Family]:
    """Return one family per replica's log in `log_dir` and per own log file (service -> path), by name.

    A family whose current file is missing counts as long as a rotated one is there.
    """
    found: dict[Path, Family] = {}
    try:
        names = [path.name for path in log_dir.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        names = []
    for name in names:
        rotated = _ROTATED.fullmatch(name)
        path = log_dir / (rotated[1] if rotated else name)
        family = Family.of(path)
        if family is not None:
            found[path] = family
    for service, path in own.items():
        if path.parent != log_dir and (path.exists() or path.with_name(f"{path.name}.1").exists()):
            found[path] = Family(path, service)
    return sorted(found.values(), key=lambda family: (family.service, int(family.replica or 0), family.path))


def chosen(all_families: Iterable[Family], names: Sequence[str], known: Iterable[str]) -> list[Family]:
    """Return the families of the services (`chat`) and replicas (`chat.1`, `chat-1`) named, else all.

    `known` are services that may not have written anything yet. WattosError (usage) for any other name.
    """
    listed = list(all_families)
    services = {family.service for family in listed} | set(known)
    for name in names:
        if name not in services and not any(name in _names(family) for family in listed):
            raise _no_such_service(name, sorted(services))
    return [family for family in listed if not names or _names(family) & set(names)]


def _names(family: Family) -> set[str]:
    own = {family.service}
    return (
        own | {f"{family.service}.{family.replica}", f"{family.service}-{family.replica}"}
        if family.replica
        else own
    )


def _no_such_service(name: str, services: list[str]) -> WattosError:
    close = get_close_matches(name, services, 1)
    return WattosError(
        f"no service {name!r} has logs here." + (f" Did you mean {close[0]!r}?" if close else ""),
        hint=f"known are: {', '.join(services)}",
        code="no_such_service",
        exit_code=ExitCode.USAGE,
        details={"service": name, "known": services},
    )
