"""The model gateway as a real process: what a stream has used outlives SIGKILL, and is counted once."""

import asyncio
import json
import signal
import sqlite3
from pathlib import Path

from tests.fakes.llm.upstream import chunk, scripted_upstream, streams
from tests.fakes.services.service_process import service_process

ASK = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Tell me a story."}]}
STORY = "Once upon a time there was a ship that sailed around the world. "


def journaled(folder: Path) -> int:
    with sqlite3.connect(f"file:{folder / 'llm-gateway.db'}?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT count(*) FROM llm_streams").fetchone()[0])


async def test_a_stream_that_a_killed_gateway_leaves_is_billed_by_the_next(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    async with scripted_upstream() as upstream:
        upstream.handler = streams(chunk({"content": STORY * 20}), None)
        provider = {"base_url": upstream.url}
        config.write_text(json.dumps({"llm": {"providers": ["openai"], "provider": {"openai": provider}}}))
        environ = {"WATTOS_CONFIG_FILE": str(config), "OPENAI_API_KEY": "sk-test"}
        async with service_process("llm-gateway", tmp_path, environ) as gateway:
            async with (
                gateway.client() as client,
                client.stream("POST", "/v1/chat/completions", json=ASK) as response,
            ):
                lines = response.aiter_lines()
                assert STORY in await anext(lines)
                for _ in range(600):
                    if journaled(tmp_path):
                        break
                    await asyncio.sleep(0.05)
                assert journaled(tmp_path) == 1
                await gateway.end(signal.SIGKILL)
            for _ in range(2):
                await gateway.start()
                async with gateway.client() as client:
                    totals = (await client.get("/v1/usage")).json()["totals"]
                assert (totals["calls"], totals["estimated_calls"], totals["failed_calls"]) == (1, 1, 1)
                assert totals["completion_tokens"] > 200
                assert float(totals["cost_usd"]) > 0
                assert journaled(tmp_path) == 0
                await gateway.end(signal.SIGKILL)
