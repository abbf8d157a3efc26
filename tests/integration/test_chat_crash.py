"""chat as a real process: half answers survive SIGKILL and SIGTERM and are marked as what they are."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.llm.model_gateway import answer_stream, piece
from tests.fakes.services.service_process import ServiceProcess, begin, respond, service_process, sibling

BASE = "/api/v1/conversations"


class SlowModel:
    """Says one piece, then waits until it is told to go on."""

    def __init__(self) -> None:
        self.calls = 0
        self.left = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, path: str, _body: bytes, writer: asyncio.StreamWriter) -> None:
        if path != "/v1/chat/completions":
            respond(writer, b"{}")
            return
        self.calls += 1
        begin(writer, "text/event-stream")
        writer.write(piece("Half an "))
        await writer.drain()
        await self.go_on.wait()
        writer.write(b"".join(answer_stream("answer.")))


async def answers(service: ServiceProcess, url: str) -> list[dict[str, Any]]:
    async with service.client() as client:
        return (await client.get(f"{url}/messages")).json()["items"][1:]


async def half_stored(service: ServiceProcess, url: str) -> None:
    """Return once the first piece of the answer is stored; the text so far is, once a second."""
    async with asyncio.timeout(60):
        while [each["content"] for each in await answers(service, url)] != ["Half an "]:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["sigkill", "sigterm"])
async def test_a_half_answer_is_found_aborted_after_the_process_ended(
    tmp_path: Path, how: signal.Signals
) -> None:
    model = SlowModel()
    async with (
        sibling(model) as url_of_model,
        service_process("chat", tmp_path, {"WATTOS_LLM_GATEWAY_URL": url_of_model}) as chat,
    ):
        async with chat.client() as client:
            url = (await client.post(BASE, json={})).headers["location"]
        async with chat.client() as client:
            body = {"content": "Hello?", "stream": True}
            async with client.stream("POST", f"{url}/messages", json=body) as response:
                lines = response.aiter_lines()  # kept: without it the connection would close at the break
                async for line in lines:
                    if "Half an " in line:
                        break
                await half_stored(chat, url)
                code = await chat.end(how)
        assert code == (-signal.SIGKILL if how is signal.SIGKILL else 0)
        await chat.start()
        (answer,) = await answers(chat, url)
        assert (answer["status"], answer["content"]) == ("aborted", "Half an ")
        assert answer["error"]["code"] == ("process_ended" if how is signal.SIGKILL else "shutdown")


async def test_a_drain_tells_the_reader_before_it_ends(tmp_path: Path) -> None:
    model = SlowModel()
    async with sibling(model) as url_of_model:
        environ = {"WATTOS_LLM_GATEWAY_URL": url_of_model, "WATTOS_DRAIN_S": "4"}
        async with service_process("chat", tmp_path, environ) as chat, chat.client() as client:
            url = (await client.post(BASE, json={})).headers["location"]
            body = {"content": "Hello?", "stream": True}
            async with client.stream("POST", f"{url}/messages", json=body) as response:
                lines = response.aiter_lines()
                async for line in lines:
                    if "Half an " in line:
                        break
                ending = asyncio.create_task(chat.end(signal.SIGTERM))
                rest = [line async for line in lines if line]
            assert await ending == 0
            assert rest[0] == "event: error"
            assert '"code":"shutdown"' in rest[1]
            await chat.start()
            (answer,) = await answers(chat, url)
            assert (answer["status"], answer["error"]["code"]) == ("aborted", "shutdown")


async def test_a_client_that_leaves_a_real_socket_stops_the_model(tmp_path: Path) -> None:
    model = SlowModel()
    async with (
        sibling(model) as url_of_model,
        service_process("chat", tmp_path, {"WATTOS_LLM_GATEWAY_URL": url_of_model}) as chat,
    ):
        async with chat.client() as client:
            url = (await client.post(BASE, json={})).headers["location"]
            asking = asyncio.create_task(client.post(f"{url}/messages", json={"content": "Hello?"}))
            await half_stored(chat, url)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(60):
            while (answer := (await answers(chat, url))[0])["status"] == "answering":
                await asyncio.sleep(0.05)
        assert (answer["status"], answer["content"], answer["error"]["code"]) == (
            "aborted",
            "Half an ",
            "caller_gone",
        )


async def test_a_retry_after_a_crash_asks_once_more_for_the_same_question(tmp_path: Path) -> None:
    model = SlowModel()
    async with (
        sibling(model) as url_of_model,
        service_process("chat", tmp_path, {"WATTOS_LLM_GATEWAY_URL": url_of_model}) as chat,
    ):
        async with chat.client() as client:
            url = (await client.post(BASE, json={})).headers["location"]
            key = {"Idempotency-Key": "ask-1"}
            asking = asyncio.create_task(
                client.post(f"{url}/messages", json={"content": "Hello?"}, headers=key)
            )
            while not model.calls:
                await asyncio.sleep(0.02)
            await chat.end(signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                await asking
        await chat.start()
        model.go_on.set()
        async with chat.client() as client:
            again = await client.post(f"{url}/messages", json={"content": "Hello?"}, headers=key)
            items = (await client.get(f"{url}/messages")).json()["items"]
        assert again.json()["content"] == "Half an answer."
        assert [(each["role"], each["status"]) for each in items] == [
            ("user", "complete"),
            ("assistant", "aborted"),
            ("assistant", "complete"),
        ]
        assert model.calls == 2
