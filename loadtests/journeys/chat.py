"""Conversations."""

from journeys.prompts import question
from wattos_cli.loadtest.journey import Answer, Journey, task

CONVERSATIONS = "/api/v1/conversations"
_MESSAGES = f"{CONVERSATIONS}/[id]/messages"
_KEPT = 50
"""A conversation this long is left for a new one: a history that grows for ever is no user's."""


def has_text(answer: Answer) -> str:
    """Return why a message is no answer."""
    return "" if answer.json()["content"] else "an answer without text"


class Chat(Journey):
    """Has conversations: writes messages and waits for the whole answer, now and then reads the history."""

    path = ""
    written = 0

    async def prepare(self) -> None:
        """Open the conversation and write once."""
        await self._open()
        await self.client.call("POST", f"{self.path}/messages", json=self._message())

    async def clean_up(self) -> None:
        """Delete the conversation."""
        if self.path:
            path, self.path = self.path, ""
            await self.client.call("DELETE", path)

    @task(3)
    async def write(self) -> None:
        """Write a message and wait for the whole answer."""
        if self.written >= _KEPT:
            await self.clean_up()
            await self._open()
        self.written += 1
        await self.client.request(
            "POST", f"{self.path}/messages", json=self._message(), name=_MESSAGES, check=has_text
        )

    @task(1)
    async def read(self) -> None:
        """Read the newest messages."""
        await self.client.request("GET", f"{self.path}/messages?limit=20", name=_MESSAGES)

    async def _open(self) -> None:
        made = await self.client.call("POST", CONVERSATIONS, json={"title": "load test"})
        self.path, self.written = f"{CONVERSATIONS}/{made['id']}", 0

    def _message(self) -> dict[str, object]:
        return {
            "content": question(self.traveller.rng),
            "model": self.traveller.model,
            "stream": False,
        }
