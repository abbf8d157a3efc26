"""The platform that was last started in a project, by the pids and start times of who guards it.

Whoever waits for its end must not mistake a platform started meanwhile for it.
"""

import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from wattos_cli.errors import WattosError
from wattos_cli.project import Project, read_json, write_private
from wattos_cli.supervisor import process_table

_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Identity:
    """One process for ever: its pid and when it started."""

    pid: int
    start_time: int

    @classmethod
    def of(cls, value: Mapping[str, Any] | None) -> "Identity":
        """Return the identity that services.json holds, one of nobody when it holds none."""
        given = value or {}
        return cls(int(given.get("pid") or 0), int(given.get("start_time") or 0))

    def lives(self) -> bool:
        """Return whether this very process still runs."""
        return process_table.alive(self.pid, self.start_time)


@dataclass(frozen=True, slots=True)
class LastPlatform:
    """Guardian and supervisor as they were when this was read."""

    project: Project
    guardian: Identity
    supervisor: Identity

    @classmethod
    def of(cls, project: Project) -> "LastPlatform":
        """Return who guards the platform that was last started in `project`."""
        state = read_json(project.services_file) or {}
        return cls(project, Identity.of(state.get("guardian")), Identity.of(state.get("supervisor")))

    def ended_within(self, timeout_s: float) -> bool:
        """Return whether the guardian, the last one to go, has gone within `timeout_s`.

        One that a signal has stopped is woken for that.
        """
        deadline = time.monotonic() + timeout_s
        if self.guardian.lives():
            with suppress(ProcessLookupError):  # ended in this very moment
                os.kill(self.guardian.pid, signal.SIGCONT)
        while self.guardian.lives():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def kill(self, timeout_s: float) -> None:
        """End a platform whose supervisor does not answer: the guardian then kills everything.

        WattosError when it is not gone after `timeout_s`.
        """
        if self.supervisor.lives():
            os.kill(self.supervisor.pid, signal.SIGKILL)
        if not self.ended_within(timeout_s):
            raise WattosError(
                f"the platform of {self.project.root} does not end",
                hint=f"see its log: {self.project.supervisor_log}",
                code="does_not_end",
            )
        self._note_stopped()

    def _note_stopped(self) -> None:
        """Write in its place what the supervisor would have written at its end: that it was stopped."""
        state = read_json(self.project.services_file)
        if state is not None and Identity.of(state.get("supervisor")) == self.supervisor:
            write_private(
                self.project.services_file, json.dumps({**state, "supervisor": None}, indent=1).encode()
            )
