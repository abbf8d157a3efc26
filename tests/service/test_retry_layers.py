"""One layer tries again, not each: what the gateway has tried twice, llm-gateway asks its provider once."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web

from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import ScriptedUpstream, scripted_upstream
from tests.fakes.network.ports import free_port
from tests.fakes.services.gateway import running_gateway

COMPLETIONS = "/v1/chat/completions"
ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello?"}]}


async def unavailable(_request: web.BaseRequest, _upstream: ScriptedUpstream) -> web.StreamResponse:
    return web.Response(status=503)


@pytest.mark.parametrize(
    ("started_late", "asked"), [(False, 3), (True, 1)], ids=["first-attempt", "second-attempt"]
)
async def test_a_provider_is_asked_again_only_if_the_hop_was_not_a_retry(
    tmp_path: Path, *, started_late: bool, asked: int
) -> None:
    async with AsyncExitStack() as stack:
        port = stack.enter_context(free_port())
        upstream = await stack.enter_async_context(scripted_upstream())
        upstream.handler = unavailable
        provider = {"providers": ["openai"], "provider": {"openai": {"base_url": upstream.url}}}

        async def start(_seconds: float = 0) -> None:
            folder = tmp_path / "llm"
            folder.mkdir()
            environ = {"OPENAI_API_KEY": "dummy"}
            await stack.enter_async_context(
                llm_service(folder, config={"llm": provider}, environ=environ, port=port)
            )

        if not started_late:
            await start()
        # Refused at first; while the hop waits for its second attempt, the service comes up.
        gateway = await stack.enter_async_context(
            running_gateway(tmp_path, urls={"llm-gateway": f"http://127.0.0.1:{port}"}, sleep=start)
        )
        answer = await gateway.call("POST", COMPLETIONS, json=ASK)
        assert answer.status_code == 503, answer.text
        assert len(upstream.bodies) == asked, answer.text
