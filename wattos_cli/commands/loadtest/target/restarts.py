"""Which services began anew or ended while a load test ran, by what the supervisor says before and after."""

from collections.abc import Mapping
from typing import Any

from wattos_cli.project import Project
from wattos_cli.render.loadtest.figures import listed

_Rows = Mapping[tuple[str, int], Mapping[str, Any]]
_LIVES = frozenset({"starting", "ready", "not_ready"})


class Restarts:
    """Knows the replicas as they are when this is made; `notes` tells what became of them.

    No request need fail when a service dies: whoever calls waits at its socket, and retries.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._before = _rows(project.read_services() or {})

    @property
    def notes(self) -> list[str]:
        """Return which of the replicas that ran have begun anew since then, and which run no more."""
        state = self._project.read_services()
        if state is None:
            return []
        after, anew, ended = _rows(state), [], []
        for place, row in self._before.items():
            now = after.get(place, {"state": "stopped"})
            if row.get("state") not in _LIVES:
                continue
            if now.get("state") not in _LIVES:
                ended.append(f"{_label(place)} ({_how(now)})")
            elif now.get("started_at") != row.get("started_at"):
                anew.append(f"{_label(place)}{_times(row, now)}")
        return [
            *([f"restarted during the run: {listed(anew)}"] if anew else []),
            *([f"ended during the run: {listed(ended)}"] if ended else []),
        ]


def _rows(state: Mapping[str, Any]) -> _Rows:
    rows = state.get("services", [])
    return {(str(row.get("name")), int(row.get("replica") or 0)): row for row in rows}


def _label(place: tuple[str, int]) -> str:
    name, replica = place
    return f"{name}-{replica}"


def _times(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return how often the supervisor had to, if more than once; by hand it counts from 0 again."""
    times = int(now.get("restarts") or 0) - int(before.get("restarts") or 0)
    return f" ({times} times)" if times > 1 else ""


def _how(row: Mapping[str, Any]) -> str:
    state, reason = str(row.get("state")), str(row.get("reason") or "")
    return f"{state}: {reason}" if reason and state != "stopped" else state
