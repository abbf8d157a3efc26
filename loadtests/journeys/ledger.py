"""What was acknowledged must not be lost: messages that are written, and looked up again ever after."""

from journeys.chat import CONVERSATIONS, has_text
from wattos_cli.loadtest.journey import Answer, Client, Journey, Traveller, task

WRITTEN = f"{CONVERSATIONS}/[id]/messages (written)"
ACKNOWLEDGED = f"{CONVERSATIONS}/[id]/messages (acknowledged)"
_MOST = 48
"""A message and its answer are two entries, and a page has a hundred."""


class Ledger(Journey):
    """Writes into one conversation and keeps account of what was acknowledged; each reading looks for it all.

    Once the page is full it only reads: what is accounted for early is looked for until the end.
    """

    def __init__(self, client: Client, traveller: Traveller) -> None:
        super().__init__(client, traveller)
        self.acknowledged: list[str] = []
        self.path = ""

    async def prepare(self) -> None:
        """Open the conversation."""
        made = await self.client.call("POST", CONVERSATIONS, json={"title": "ledger"})
        self.path = f"{CONVERSATIONS}/{made['id']}"

    async def clean_up(self) -> None:
        """Delete the conversation."""
        if self.path:
            path, self.path = self.path, ""
            await self.client.call("DELETE", path)

    @task(1)
    async def write(self) -> None:
        """Write a message, and note its answer when that comes whole."""
        if len(self.acknowledged) >= _MOST:
            await self.read()
            return
        message = {"content": "What is acknowledged?", "model": self.traveller.model, "stream": False}
        path = f"{self.path}/messages"
        answer = await self.client.request("POST", path, json=message, name=WRITTEN, check=has_text)
        if answer.status == 200:  # noqa: PLR2004 - acknowledged
            self.acknowledged.append(answer.json()["id"])

    @task(1)
    async def read(self) -> None:
        """Read all, and look for every message that was acknowledged."""
        path = f"{self.path}/messages?limit=100"
        await self.client.request("GET", path, name=ACKNOWLEDGED, check=self._missing)

    def _missing(self, answer: Answer) -> str:
        kept = {item["id"] for item in answer.json()["items"]}
        lost = [number for number in self.acknowledged if number not in kept]
        return f"{len(lost)} acknowledged and lost" if lost else ""
