"""The OpenAI-compatible API: models, completions, streamed completions."""

import json
from typing import Any

from journeys.prompts import PASSAGE, question
from wattos_cli.loadtest.journey import Answer, Journey, Stream, Traveller, task

COMPLETIONS = "/v1/chat/completions"
_DATA = b"data: "
_END = b"[DONE]"
_COST = "wattos_cost_usd"
_CONTEXT = [
    {
        "id": "p1",
        "document_id": "timetable",
        "document": "timetable.txt",
        "start": 0,
        "end": len(PASSAGE),
        "text": PASSAGE,
    }
]


def completion(traveller: Traveller) -> dict[str, Any]:
    """Return a request with a new question, and the passage that answers it."""
    messages = [{"role": "user", "content": question(traveller.rng)}]
    return {"model": traveller.model, "messages": messages, "wattos_context": _CONTEXT}


def has_text(answer: Answer) -> str:
    """Return why a completion is no answer."""
    return "" if answer.json()["choices"][0]["message"]["content"] else "an answer without text"


async def read(stream: Stream) -> None:
    """Read a streamed completion to its end; one without text, finish_reason and [DONE] has failed."""
    text = finished = done = False
    async for line in stream.lines():
        if not line.startswith(_DATA):
            continue
        data = line[len(_DATA) :]
        if data == _END:
            done = True
            continue  # to the end of the body: only then can the connection be used again
        chunk = json.loads(data)
        choice = (chunk.get("choices") or [{}])[0]
        finished = finished or bool(choice.get("finish_reason"))
        if choice.get("delta", {}).get("content"):
            text = True
            stream.token()
        if _COST in chunk:
            stream.cost(float(chunk[_COST]))
    if not (text and finished and done):
        stream.fail("a stream without text, finish_reason and [DONE]")


class Model(Journey):
    """Asks for whole completions and now and then for the list of models."""

    async def prepare(self) -> None:
        """Ask once."""
        await self.client.call("POST", COMPLETIONS, json=completion(self.traveller))

    @task(4)
    async def complete(self) -> None:
        """Ask one question and wait for the whole answer."""
        await self.client.request("POST", COMPLETIONS, json=completion(self.traveller), check=has_text)

    @task(1)
    async def models(self) -> None:
        """List the models."""
        await self.client.request("GET", "/v1/models")


class ChatStream(Journey):
    """Asks for streamed completions and reads them token by token."""

    async def prepare(self) -> None:
        """Ask once."""
        await self.client.call("POST", COMPLETIONS, json=completion(self.traveller))

    @task(1)
    async def stream(self) -> None:
        """Read one stream to its end."""
        asked = completion(self.traveller) | {"stream": True, "stream_options": {"include_usage": True}}
        async with self.client.stream(
            "POST", COMPLETIONS, json=asked, name=f"{COMPLETIONS} (stream)"
        ) as answer:
            await read(answer)
