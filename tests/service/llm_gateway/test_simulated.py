"""Which providers are the simulator, the model gateway says itself: who breaks or loads them must know."""

import pytest

from tests.fakes.llm.service import llm_service


@pytest.mark.parametrize(
    ("simulator", "told"),
    [
        ("http://127.0.0.1:3095", "openai, own"),
        ("http://127.0.0.1:309", None),
        ("", None),
    ],
)
async def test_health_names_the_providers_that_are_the_simulator(tmp_path, simulator, told):
    provider = {
        "openai": {"base_url": "http://127.0.0.1:3095/v1"},
        "own": {"base_url": "http://127.0.0.1:3095/as/own/v1"},
        "real": {"base_url": "https://models.example/v1"},
    }
    config = {"llm": {"providers": list(provider), "provider": provider}}
    environ = {"OPENAI_API_KEY": "key-of-a-test", "WATTOS_SIMULATOR_URL": simulator}
    async with llm_service(tmp_path, config=config, environ=environ) as running:
        info = (await running.public.get("/health")).json()["info"]
    assert info["providers"] == "openai, own, real, local"
    assert info.get("simulated") == told
