"""Following a start until every service is ready, has failed, or waits for one that has; no I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]


@dataclass
class Watch:
    """What is known of the services `names`; a row's `needs` are those its service is of no use without."""

    names: tuple[str, ...]
    _rows: dict[tuple[str, int], Row] = field(default_factory=dict)

    def take(self, message: Mapping[str, Any]) -> None:
        """Take in one message of the control socket."""
        rows: Iterable[Row] = message["rows"] if "rows" in message else [message["row"]]
        self._rows.update({(str(row["name"]), int(row["replica"])): row for row in rows})

    def awaited(self) -> str:
        """Return in words what is waited for: `waiting for rag, chat (3 of 5 are ready)`; "" for nothing."""
        seen = {row["name"] for row in self.rows}
        unready = {row["name"] for row in self.rows if row["state"] != "ready"}
        left = [name for name in self.names if name in unready or name not in seen]
        if not left:
            return ""
        return f"waiting for {', '.join(left)} ({len(self.names) - len(left)} of {len(self.names)} are ready)"

    @property
    def rows(self) -> list[Row]:
        """Return the last row of each watched replica, in the order of `names`."""
        order = {name: index for index, name in enumerate(self.names)}
        chosen = [row for (name, _), row in self._rows.items() if name in order]
        return sorted(chosen, key=lambda row: (order[row["name"]], row["replica"]))

    def failed(self) -> list[Row]:
        """Return the rows of replicas that ended or gave up before they were ready."""
        return [row for row in self.rows if row["failed"] and row["state"] != "ready"]

    def pending(self) -> list[Row]:
        """Return the rows that may still become ready: not failed, and nothing they need has failed."""
        lost = self._lost()
        return [row for row in self.rows if row["state"] != "ready" and row["name"] not in lost]

    def waiting_in_vain(self) -> list[Row]:
        """Return the rows that cannot become ready because something they need has failed."""
        failed = {row["name"] for row in self.failed()}
        lost = self._lost() - failed
        return [row for row in self.rows if row["name"] in lost and row["state"] != "ready"]

    def blockers(self, name: str) -> list[str]:
        """Return the failed services that `name` needs, directly or not."""
        failed = {row["name"] for row in self.failed()}
        return sorted(failed & self._needs(name))

    def done(self) -> bool:
        """Return whether waiting longer can change nothing."""
        return not self.pending() and {row["name"] for row in self.rows} >= set(self.names)

    def _lost(self) -> set[str]:
        failed = {str(row["name"]) for row in self.failed()}
        return failed | {name for name in self.names if self._needs(name) & failed}

    def _needs(self, name: str) -> set[str]:
        found: set[str] = set()
        critical = {str(row["name"]): list(row["needs"]) for row in self.rows}
        queue = list(critical.get(name, ()))
        while queue:
            needed = queue.pop()
            if needed not in found:
                found.add(needed)
                queue.extend(critical.get(needed, ()))
        return found
