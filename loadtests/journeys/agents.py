"""Agents: runs from their start to their end, and lists."""

import json

from journeys.prompts import question
from wattos_cli.loadtest.journey import Answer, CallError, Journey, Stream, task

AGENT = "meeting"
RUNS = "/api/v1/runs"
_START = f"/api/v1/agents/{AGENT}/runs"
_ALIAS = "default"
_ALLOW = "allow it: --allow-paid --max-usd N, with plain Locust WATTOS_LOADTEST_MODEL=default"
_DATA = b"data: "
_OVER = (404, 409)
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
    Runs that ended stay in the tenant's history; there is no way to delete them.
    """

    run = ""

    async def prepare(self) -> None:
        """Make sure of the price, and do one run."""
        if _ALIAS not in (self.traveller.model, *self.traveller.models):
            listed = (await self.client.call("GET", "/v1/models"))["data"]
            asked = next(each for each in listed if each["id"] == _ALIAS)
            if not asked.get("wattos_free", False):
                told = ", then ".join(asked["wattos_alias_of"])
                raise CallError(f"agents ask {_ALIAS!r}, which costs money here ({told}): {_ALLOW}", 200)
        self.run = (await self.client.call("POST", _START, json=self._task()))["id"]
        while (await self.client.call("GET", f"{RUNS}/{self.run}"))["status"] not in _FINAL:
            await self.client.sleep(_LOOK_EVERY_S)
        self.run = ""

    async def clean_up(self) -> None:
        """Cancel the run that was not seen to end."""
        if not self.run:
            return
        try:
            await self.client.call("POST", f"{RUNS}/{self.run}/cancel")
        except CallError as error:
            if error.status not in _OVER:  # it ended in the meantime
                raise
        self.run = ""

    @task(1)
    async def work(self) -> None:
        """Start a run and follow it to its end."""
        answer = await self.client.request("POST", _START, json=self._task(), check=_accepted)
        if answer.status == 202:  # noqa: PLR2004 - accepted
            self.run = answer.json()["id"]
            await self._to_the_end()

    async def _to_the_end(self) -> None:
        events = f"{RUNS}/[id]/events (whole run)"
        async with self.client.stream("GET", f"{RUNS}/{self.run}/events", name=events) as stream:
            if await _completed(stream):
                self.run = ""

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
