"""Knowledge spaces: search in them, documents into them."""

import uuid
from typing import Any

from journeys.prompts import PASSAGE, QUESTIONS, question
from wattos_cli.loadtest.journey import Answer, CallError, Client, Journey, Traveller, task

SPACES = "/api/v1/knowledge-spaces"
SEARCH = "/api/v1/search"
DOCUMENTS = f"{SPACES}/[id]/documents"
READY_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.5
_PARAGRAPHS = (1, 12)
_MOST_WORDS = 400
"""A search takes 4000 characters."""
_BOUNDARY = "wattos-load-test"


class Space:
    """A knowledge space of one traveller."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._name = ""
        self.id = ""

    async def open(self) -> None:
        """Make the space."""
        self._name = f"{self._prefix}{uuid.uuid4().hex[:12]}"
        self.id = (await self._client.call("POST", SPACES, json={"name": self._name}))["id"]

    async def close(self) -> None:
        """Delete the space with its documents, also one whose making was cut off before its id came."""
        if self._name and not self.id:
            page = await self._client.call("GET", f"{SPACES}?limit=100")
            self.id = next((space["id"] for space in page["items"] if space["name"] == self._name), "")
        if self.id:
            await self._client.call("DELETE", f"{SPACES}/{self.id}")
        self._name = self.id = ""

    async def ready(self, document_id: str) -> None:
        """Wait until the document can be found; CallError if it failed or takes too long."""
        for _ in range(round(READY_WITHIN_S / _LOOK_EVERY_S)):
            document = await self._client.call("GET", f"/api/v1/documents/{document_id}")
            if document["status"] == "ready":
                return
            if document["status"] == "failed":
                raise CallError(f"the document failed: {document.get('error')}", 200)
            await self._client.sleep(_LOOK_EVERY_S)
        raise CallError(f"the document is not ready after {READY_WITHIN_S:g} s", 200)


def form(name: str, text: str) -> dict[str, Any]:
    """Return a text file as an upload: body and content type."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    body = f"{head}Content-Type: text/plain\r\n\r\n{text}\r\n--{_BOUNDARY}--\r\n"
    return {"content": body.encode(), "content_type": f"multipart/form-data; boundary={_BOUNDARY}"}


def found_something(answer: Answer) -> str:
    """Return why a search has failed: the document answers the question."""
    return "" if answer.json()["results"] else "nothing found"


class Search(Journey):
    """Has a knowledge space with one document and searches it."""

    def __init__(self, client: Client, traveller: Traveller) -> None:
        super().__init__(client, traveller)
        self.space = Space(client, traveller.prefix)

    async def prepare(self) -> None:
        """Make the space, upload the document, wait until it can be found and search once."""
        await self.space.open()
        path = f"{SPACES}/{self.space.id}/documents"
        document = await self.client.call("POST", path, **form("timetable.txt", PASSAGE))
        await self.space.ready(document["id"])
        await self.client.call("POST", SEARCH, json=self._query())

    async def clean_up(self) -> None:
        """Delete the space with its document."""
        await self.space.close()

    @task(1)
    async def search(self) -> None:
        """Search."""
        await self.client.request("POST", SEARCH, json=self._query(), check=found_something)

    def _query(self) -> dict[str, Any]:
        return {"knowledge_space_id": self.space.id, "query": question(self.traveller.rng, _MOST_WORDS)}


class Ingest(Journey):
    """Uploads documents into a knowledge space of its own, finds each and deletes it again."""

    def __init__(self, client: Client, traveller: Traveller) -> None:
        super().__init__(client, traveller)
        self.space = Space(client, traveller.prefix)

    async def prepare(self) -> None:
        """Make the space."""
        await self.space.open()

    async def clean_up(self) -> None:
        """Delete the space with what is left in it."""
        await self.space.close()

    @task(1)
    async def ingest(self) -> None:
        """Upload a document, wait until it is ready, find it, delete it."""
        rng = self.traveller.rng
        text = "\n\n".join([PASSAGE, *(question(rng) for _ in range(rng.randint(*_PARAGRAPHS)))])
        path = f"{SPACES}/{self.space.id}/documents"
        answer = await self.client.request(
            "POST", path, name=DOCUMENTS, **form(f"{uuid.uuid4().hex}.txt", text)
        )
        if answer.status not in (200, 202):
            return
        document_id = answer.json()["id"]
        await self.space.ready(document_id)
        query = {"knowledge_space_id": self.space.id, "query": rng.choice(QUESTIONS)}
        await self.client.request("POST", SEARCH, json=query, check=found_something)
        await self.client.request("DELETE", f"/api/v1/documents/{document_id}", name="/api/v1/documents/[id]")
