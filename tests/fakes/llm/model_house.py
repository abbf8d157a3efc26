"""Gateway and model gateway, both real, before a provider that a test scripts; the SDKs at their door."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import openai

from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import ScriptedUpstream, scripted_upstream
from tests.fakes.services.gateway import Gateway, running_gateway

MODEL = "gpt-4o-mini"
PROVIDER_KEY = "sk-secret-key-of-the-school-1234567890"


@dataclass
class ModelHouse:
    """`upstream` is the provider; `openai` and `anthropic` are SDK clients of an editor."""

    gateway: Gateway
    upstream: ScriptedUpstream
    openai: openai.AsyncOpenAI
    anthropic: anthropic.AsyncAnthropic

    def forget(self) -> None:
        """Make the next test start as if nothing had happened."""
        self.gateway.forget()
        self.upstream.bodies.clear()
        self.upstream.headers.clear()
        self.upstream.go.clear()


@asynccontextmanager
async def model_house(tmp_path: Path, environ: Mapping[str, str] | None = None) -> AsyncIterator[ModelHouse]:
    """Run both services with `environ`."""
    for name in ("gateway", "llm"):
        (tmp_path / name).mkdir()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        upstream = await enter(scripted_upstream())
        provider = {"base_url": upstream.url, "models": [MODEL]}
        config: dict[str, Any] = {"llm": {"providers": ["openai"], "provider": {"openai": provider}}}
        keys = {"OPENAI_API_KEY": PROVIDER_KEY}
        llm = await enter(llm_service(tmp_path / "llm", config=config, environ={**keys, **(environ or {})}))
        urls = {"llm-gateway": llm.url}
        gateway = await enter(running_gateway(tmp_path / "gateway", environ=environ, urls=urls))
        key = await gateway.key()
        yield ModelHouse(
            gateway,
            upstream,
            await enter(openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0)),
            await enter(anthropic.AsyncAnthropic(base_url=gateway.url, api_key=key, max_retries=0)),
        )
