"""The control socket: one JSON object per line, both ways, on a Unix socket in the project's socket folder.

    <- {"protocol": 1, "version": "0.1.0", "pid": 4711}                                 on connecting
    -> {"protocol": 1, "op": "up", "plan": {...}, "recreate": false}
    <- {"result": {...}}    or    {"error": {"code", "message", "hint", "exit_code", "details"}}
    <- {"rows": [...], "timings": {...}}        then, for as long as the client stays,
    <- {"row": {...}}                           every change of a replica

Operations: `status` (rows, no more), `up`, `restart` (`services`), `down` (`services`, null for all),
`reload` (`plan`: write its configuration of the services), `reloaded` (`replicas`, `digests`: who has read
it; the components of `plan` read their files again), `scrape` (every target at once; `targets` tells what
came of each) and `attach` (the platform goes down when this connection closes). `status` and `down` keep
their shape for ever, so that any version can show and stop any other; everything else needs the same
protocol number.
"""

from collections.abc import Mapping
from typing import Any

from wattos_cli.errors import ExitCode, WattosError

PROTOCOL = 1
SOCKET_NAME = "control.sock"
# A plan bears the whole environment of the user.
LINE_LIMIT_BYTES = 16 * 1024 * 1024
# The code of the error that tells a client to wait for the end and to start a new supervisor.
STOPPING = "platform_stopping"
ANY_VERSION = frozenset({"status", "down"})


def error_to_json(error: WattosError) -> dict[str, Any]:
    """Return `error` as it travels over the socket."""
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "exit_code": int(error.exit_code),
        "details": error.details,
    }


def error_from_json(value: Mapping[str, Any]) -> WattosError:
    """Return the error that `error_to_json` wrote."""
    return WattosError(
        str(value["message"]),
        hint=str(value.get("hint", "")),
        code=str(value.get("code", "failed")),
        exit_code=ExitCode(int(value.get("exit_code", 1))),
        details=value.get("details") or {},
    )
