"""The model gateway before the simulator, which speaks the API of all five providers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.fakes.llm.service import llm_service
from tests.fakes.llm.simulator import Simulator
from tests.fakes.services.server import Served

PROVIDERS = ("openai", "azure", "anthropic", "google", "ollama")
MODELS = {
    "openai": "openai/gpt-4o-mini",
    "azure": "azure/gpt-4o-mini",
    "anthropic": "anthropic/claude-haiku-4-5",
    "google": "google/gemini-2.5-flash",
    "ollama": "ollama/llama3.2",
}


@asynccontextmanager
async def five_providers(tmp_path: Path, simulator: Simulator) -> AsyncIterator[Served]:
    """Serve a model gateway that knows the simulator as each of the five."""
    details: dict[str, dict[str, Any]] = {
        name: {"base_url": simulator.url, "api_key_env": "DUMMY"} for name in PROVIDERS
    }
    details["openai"]["base_url"] += "/v1"
    details["azure"]["deployments"] = {"gpt-4o-mini": "school-mini"}
    config = {"llm": {"providers": list(PROVIDERS), "provider": details}}
    async with llm_service(tmp_path, config=config, environ={"DUMMY": "dummy-key-of-a-test"}) as running:
        yield running


async def behave(simulator: Simulator, **behaviour: Any) -> None:
    """Tell the simulator how to answer from now on, and to ask for a key."""
    await simulator.behave(require_key=True, **behaviour)
