"""The tester's side of the simulator: faults and counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattos_cli.clients import running
from wattos_cli.clients.refusals import part, refusal, unreachable
from wattos_cli.deps import Deps, Http, NoReplyError, Reply
from wattos_cli.project import Project

_TIMEOUT_S = 5.0
_NOT_FOUND = 404
_ERROR = 400


@dataclass(frozen=True, slots=True)
class Simulator:
    """The simulator at `url`; every method raises WattosError when it refuses or does not answer (exit 4)."""

    http: Http
    url: str

    @classmethod
    def running(cls, deps: Deps, project: Project) -> "Simulator":
        """Return the one of this project; WattosError (exit 4) when it does not run."""
        return cls(deps.http, running.service(project, "simulator").url.rstrip("/"))

    def add_fault(self, spec: Mapping[str, Any]) -> str:
        """Switch a fault on and return its id."""
        return str(part(self._done("POST", "/simulator/faults", spec).json(), "id"))

    def remove_fault(self, fault_id: str) -> None:
        """Switch a fault off; one that has ended already is none."""
        reply = self._request("DELETE", f"/simulator/faults/{fault_id}")
        if reply.status >= _ERROR and reply.status != _NOT_FOUND:
            raise refusal(reply.status, reply.body, reply.headers, self.url)

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that are on."""
        return list(part(self._done("GET", "/simulator/faults").json(), "faults"))

    def counts(self) -> dict[str, Any]:
        """Return what it received: totals, and under `providers` those of each."""
        return dict(self._done("GET", "/simulator/requests?last=0").json())

    def _done(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        reply = self._request(method, path, body)
        if reply.status >= _ERROR:
            raise refusal(reply.status, reply.body, reply.headers, self.url)
        return reply

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        try:
            return self.http.request(method, self.url, path, body=body, timeout_s=_TIMEOUT_S)
        except NoReplyError as error:
            raise unreachable(self.url, str(error)) from error
