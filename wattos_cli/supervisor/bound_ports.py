"""The listening sockets that the platform holds for its services, across restarts of their processes."""

import socket
from collections.abc import Iterable, Mapping

from wattos_cli.project import Project
from wattos_cli.supervisor import listeners
from wattos_cli.supervisor.plan import ServicePlan

_LOOPBACK = "127.0.0.1"


class BoundPorts:
    """One socket per service whose processes are handed theirs; others' ports are only looked at.

    `host` is the address of services; components listen on loopback whatever it is.
    """

    def __init__(self, host: str, project: Project) -> None:
        self._host = host
        self._project = project
        self._sockets: dict[str, socket.socket] = {}

    def bind(self, plans: Iterable[ServicePlan], environ: Mapping[str, str]) -> None:
        """Bind what of the ports of `plans` is not bound yet, all or none.

        Raises WattosError when one cannot be had; who holds it is looked for with `environ`.
        """
        bound: list[str] = []
        for plan in plans:
            if not plan.port or plan.attached or plan.name in self._sockets:
                continue
            try:
                listener = listeners.bind(_LOOPBACK if plan.kind == "component" else self._host, plan.port)
            except OSError as error:
                for name in bound:
                    self.release(name)
                raise listeners.cannot_bind(plan.name, plan.port, error, environ, self._project) from error
            if plan.handed_socket:
                self._sockets[plan.name] = listener
                bound.append(plan.name)
            else:
                listener.close()

    def descriptor(self, name: str) -> int | None:
        """Return the descriptor of the socket of service `name`, None when it has none."""
        listener = self._sockets.get(name)
        return listener.fileno() if listener else None

    def release(self, name: str) -> None:
        """Give the port of service `name` back; nothing happens when none is held."""
        listener = self._sockets.pop(name, None)
        if listener is not None:
            listener.close()
