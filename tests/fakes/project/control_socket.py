"""A supervisor that starts nothing: the real control socket over operations that remember what was asked."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wattos_cli.project import Project
from wattos_cli.supervisor.control import ControlServer


class FakeSupervisor:
    """Keeps the configuration in force; `above` and `outdated` are what it says of the last `up`.

    `reread` are the components that it says it has told to read their files again. `breaking` is what
    the next operation breaks off with.
    """

    def __init__(
        self,
        above: Mapping[str, Any] | None = None,
        outdated: Mapping[str, list[str]] | None = None,
        reread: tuple[str, ...] = (),
    ) -> None:
        self.reread = list(reread)
        self.breaking: Exception | None = None
        self.listed: list[dict[str, Any]] = []
        self.above = above or {}
        self.outdated = outdated or {}
        self.in_force: dict[str, Any] = {"service_config": {"llm": {}}, "digests": {"[llm]": "old"}}
        self.confirmed: list[Mapping[str, Any]] = []
        self.handed: list[Mapping[str, Any]] = []

    def rows(self) -> dict[str, Any]:
        return {"rows": self.listed, "port_offset": 0, "above": self.above, "timings": {}}

    async def perform(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.breaking is not None:
            breaking, self.breaking = self.breaking, None
            raise breaking
        if operation == "reloaded":
            self.confirmed.append(request)
            return {"reread": self.reread}
        assert operation == "reload", operation
        plan, previous = request["plan"], self.in_force
        self.handed.append(plan)
        self.in_force = {"service_config": plan["service_config"], "digests": plan["digests"]}
        return {"previous": previous, "outdated": self.outdated}

    def detached(self) -> None:
        raise AssertionError("nobody attaches in these tests")


@contextmanager
def supervised(root: Path, socket: Path, supervisor: FakeSupervisor) -> Iterator[None]:
    """Serve `supervisor` at `socket` as the one of the project at `root`, whose services.json is there."""
    services = Project(root).services_file
    services.write_text(json.dumps({**json.loads(services.read_text()), "control_socket": str(socket)}))
    loop = asyncio.new_event_loop()
    server = ControlServer(supervisor)
    loop.run_until_complete(server.listen(socket))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _closed(server: ControlServer) -> None:
    """Close `server` and return when every client has been served to the end."""
    await server.close()
    serving = asyncio.all_tasks() - {asyncio.current_task()}
    if serving:
        await asyncio.wait(serving, timeout=5)
