"""What a request held is free when it ends: none of it waits for the collector, which stops the loop."""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web

from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import Handler, chunk, completion, scripted_upstream, streams
from wattos_platform.kernel.disconnect import PATIENCE_S

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 100}
LIMITS = {"user": {"concurrent_streams": 20, "tokens_per_minute": 100_000, "usd_per_day": 1}}
REQUESTS = 8
BEGINNING, END = chunk({"content": "a"}), (chunk({}, "stop"), "[DONE]")
FAULT = {"error": {"message": "no"}}


def replies_late(body: object, status: int = 200) -> Handler:
    """Return a handler that answers when it is watched already whether the caller leaves, and all have asked.

    Failures that come one by one would open the breaker before the last request.
    """

    async def handler(_request, upstream):
        await upstream.go.wait()
        return web.json_response(body, status=status)

    return handler


@contextmanager
def left_to_the_collector() -> Iterator[Counter[str]]:
    """Count what of ours only the collector can free, if each request of the block leaves one.

    What was there before is kept: the engine of an earlier test, say, which a cache lets go of meanwhile.
    """
    gc.collect()
    before = gc.get_objects()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    found = Counter[str]()
    try:
        yield found
        gc.collect()
        kinds = Counter(type(each) for each in gc.garbage if type(each).__module__.startswith("wattos_"))
        found.update({kind.__name__: count for kind, count in kinds.items() if count >= REQUESTS})
    finally:
        before.clear()
        gc.set_debug(0)
        gc.enable()
        gc.garbage.clear()


@pytest.mark.parametrize(
    ("handler", "stream", "status"),
    [
        pytest.param(replies_late(completion()), False, 200, id="whole"),
        pytest.param(streams(BEGINNING, None, *END), True, 200, id="stream"),
        pytest.param(streams(BEGINNING, None), True, 200, id="stream-cut-off"),
        pytest.param(replies_late(FAULT, status=400), False, 400, id="refused-by-the-provider"),
        pytest.param(replies_late(FAULT, status=500), True, 503, id="failed-by-the-provider"),
    ],
)
async def test_a_request_that_is_over_leaves_nothing_to_the_collector(tmp_path, handler, stream, status):
    async with scripted_upstream() as upstream:
        upstream.handler = handler
        llm = {"providers": ["openai"], "provider": {"openai": {"base_url": upstream.url}}}
        config, environ = {"llm": llm, "limits": LIMITS}, {"OPENAI_API_KEY": "sk-test-key"}
        async with llm_service(tmp_path, config=config, environ=environ) as service:
            with left_to_the_collector() as left:
                asked = [
                    asyncio.create_task(
                        service.public.post("/v1/chat/completions", json={**ASK, "stream": stream})
                    )
                    for _ in range(REQUESTS)
                ]
                while len(upstream.bodies) < REQUESTS:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(2 * PATIENCE_S)
                upstream.go.set()
                statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert statuses == [status] * REQUESTS
    assert left == {}
