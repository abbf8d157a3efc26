"""Asking a model gateway for one answer, and what it then says was used."""

import asyncio
from typing import Any

import httpx

from tests.fakes.services.server import Served

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "total_tokens": 1500,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 100},
}
KEY = "sk-secret-key-of-the-school-1234567890"
_SOON_S = 60.0


async def post(gateway: Served, **change: Any) -> httpx.Response:
    """Return the answer to ASK with `change`."""
    return await gateway.public.post("/v1/chat/completions", json={**ASK, **change})


async def stream(gateway: Served, **change: Any) -> tuple[int, list[str]]:
    """Return the status and the lines of the streamed answer to ASK with `change`."""
    async with gateway.public.stream(
        "POST", "/v1/chat/completions", json={**ASK, "stream": True, **change}
    ) as response:
        return response.status_code, [line async for line in response.aiter_lines() if line]


async def usage_of(gateway: Served) -> dict[str, Any]:
    """Return the usage report once it knows of a call; rows are stored a moment after their answer."""
    async with asyncio.timeout(_SOON_S):
        while True:
            report: dict[str, Any] = (await gateway.public.get("/v1/usage")).json()
            if report["totals"]["calls"]:
                return report
            await asyncio.sleep(0.01)
