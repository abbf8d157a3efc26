"""Agents: runs from their start to their end, and lists."""

import json
from contextlib import suppress

from journeys.prompts import question
from wattos_cli.loadtest.journey import Answer, CallError, Client, Journey, Stream, Traveller, task

AGENT = "meeting"
RUNS = "/api/v1/runs"
_START = f"/api/v1/agents/{AGENT}/runs"
_ALIAS = "default"
_ALLOW = "allow it: --allow-paid --max-usd N, with plain Locust WATTOS_LOADTEST_MODEL=default"
_DATA = b"data: "
_GONE = 404
_OVER = (_GONE, 409)
_FINAL = ("completed", "failed", "cancelled")
_LOOK_EVERY_S = 0.5


class Agents(Journey):
    """Looks at the agents there are and at the newest runs of its tenant."""

    @task(2)
    async def agents(self) -> None:
        """List the agents."""
        await self.client.request("GET", "/api/v1/agents")

    @task(1)
    async def runs(self) -> None:
        """List the newest runs."""
        await self.client.request("GET", f"{RUNS}?limit=20", name=RUNS)


class AgentRun(Journey):
    """Starts runs of an agent and follows each to its end; latency of the events is that of the whole run.

    An agent asks the model `default`, whoever it is: unless the load test may ask that one, it must be free.
    `wattos loadtest` sees to that before, where the scenario names it (`models`) and the platform is ours.
    Each run is deleted once it has ended, unmeasured: the tenant's history stays as long as it was.
    """

    def __init__(self, client: Client, traveller: Traveller) -> None:
        super().__init__(client, traveller)
        self._left: list[str] = []

    async def prepare(self) -> None:
        """Make sure of the price, and do one run."""
        if _ALIAS not in (self.traveller.model, *self.traveller.models):
            listed = (await self.client.call("GET", "/v1/models"))["data"]
            asked = next(each for each in listed if each["id"] == _ALIAS)
            if not asked.get("wattos_free", False):
                told = ", then ".join(asked["wattos_alias_of"])
                raise CallError(f"agents ask {_ALIAS!r}, which costs money here ({told}): {_ALLOW}", 200)
        self._left.append((await self.client.call("POST", _START, json=self._task()))["id"])
        await self._ended(self._left[0])
        await self._delete(self._left[0])

    async def clean_up(self) -> None:
        """Cancel the runs that were not seen to end, and delete what is left."""
        for run in tuple(self._left):
            try:
                await self.client.call("POST", f"{RUNS}/{run}/cancel")
                await self._ended(run)
            except CallError as error:
                if error.status not in _OVER:  # it ended in the meantime
                    raise
            await self._delete(run)

    @task(1)
    async def work(self) -> None:
        """Start a run and follow it to its end."""
        answer = await self.client.request("POST", _START, json=self._task(), check=_accepted)
        if answer.status != 202:  # noqa: PLR2004 - accepted
            return
        run = answer.json()["id"]
        self._left.append(run)
        events = f"{RUNS}/[id]/events (whole run)"
        async with self.client.stream("GET", f"{RUNS}/{run}/events", name=events) as stream:
            ended = await _completed(stream)
        if ended:
            with suppress(CallError):  # is tried again in the end
                await self._delete(run)

    async def _ended(self, run: str) -> None:
        """Return once the run has ended."""
        while (await self.client.call("GET", f"{RUNS}/{run}"))["status"] not in _FINAL:
            await self.client.sleep(_LOOK_EVERY_S)

    async def _delete(self, run: str) -> None:
        """Delete a run; one that is gone was deleted by a call whose answer was lost."""
        try:
            await self.client.call("DELETE", f"{RUNS}/{run}")
        except CallError as error:
            if error.status != _GONE:
                raise
        self._left.remove(run)

    def _task(self) -> dict[str, str]:
        return {"input": question(self.traveller.rng)}


def _accepted(answer: Answer) -> str:
    return "" if answer.json()["id"] else "a run without an id"


async def _completed(stream: Stream) -> bool:
    """Read the events of a run; return whether it ended, and note when it did not end well."""
    event, ended = b"", False
    async for line in stream.lines():
        if line.startswith(b"event: "):
            event = line.removeprefix(b"event: ")
        elif event == b"done" and line.startswith(_DATA):
            ended = True
            run = json.loads(line[len(_DATA) :])
            stream.cost(float(run["cost_usd"]))
            if run["status"] != "completed":
                stream.fail(f"the run is {run['status']}: {(run.get('error') or {}).get('code', '')}")
    if not ended:
        stream.fail("events that end before the run")
    return ended
