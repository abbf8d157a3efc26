"""Whose fault a failed answer is, counted alike by the service where it arose and by who passes it on."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.llm.service import llm_service
from tests.fakes.llm.upstream import ScriptedUpstream, replies, scripted_upstream
from tests.fakes.services.gateway import Gateway, running_gateway
from tests.fakes.services.server import Served
from wattos_platform.contracts.error_types import ERROR_TYPES
from wattos_platform.kernel.hops.errors import error_of

HEADER = "x-wattos-error-type"
ASK = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
EMBED = {"model": "openai/text-embedding-3-small", "input": "hello"}


class House:
    """A gateway before a model gateway before a provider."""

    def __init__(self, gateway: Gateway, llm: Served, provider: ScriptedUpstream) -> None:
        self.gateway, self.llm, self.provider = gateway, llm, provider

    def faults(self, path: str) -> tuple[set[str], set[str]]:
        """Return the fault domains that gateway and model gateway counted for answers of a route."""
        gateway, llm = (
            {
                labels["error_type"]
                for labels, _ in metrics.each("http_requests_total")
                if labels["route"] == path
            }
            for metrics in (self.gateway.runtime.metrics, self.llm.app.runtime.metrics)
        )
        return gateway, llm


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "llm").mkdir()
    async with scripted_upstream() as provider:
        config = {"llm": {"providers": ["openai"], "provider": {"openai": {"base_url": provider.url}}}}
        environ = {"OPENAI_API_KEY": "sk-test", "RETRY_MAX_ATTEMPTS": "1"}
        async with (
            llm_service(tmp_path / "llm", config=config, environ=environ) as llm,
            running_gateway(tmp_path / "gateway", urls={"llm-gateway": llm.url}) as gateway,
        ):
            yield House(gateway, llm, provider)


@pytest.mark.parametrize(("path", "body"), [("/v1/chat/completions", ASK), ("/v1/embeddings", EMBED)])
@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (400, "caller_invalid"),
        (401, "provider_auth"),
        (404, "provider_model_missing"),
        (429, "provider_rate_limited"),
        (500, "provider_unavailable"),
    ],
)
async def test_a_providers_fault_is_counted_as_the_providers_at_every_hop(
    house: House, path: str, body: dict[str, Any], status: int, fault: str
) -> None:
    house.provider.handler = replies({"error": {"message": "no"}}, status)
    answer = await house.gateway.call("POST", path, json=body)
    assert answer.headers[HEADER] == fault
    assert house.faults(path) == ({fault}, {fault})
    calls = {labels["error_type"] for labels, _ in house.llm.app.runtime.metrics.each("llm_calls_total")}
    assert calls == {fault}
    line = next(each for each in map(json.loads, house.gateway.lines) if each.get("route") == path)
    assert line["error.type"] == fault


async def test_an_answer_that_is_well_tells_no_fault(house: House) -> None:
    answer = await house.gateway.call("GET", "/v1/models")
    assert HEADER not in answer.headers
    assert house.faults("/v1/models") == ({""}, {""})


@pytest.mark.parametrize("told", [*ERROR_TYPES, "other_thing", "", None])
def test_a_hops_error_has_the_fault_that_the_answer_tells_if_it_is_of_the_list(told: str | None) -> None:
    error = error_of("rag", 503, {} if told is None else {HEADER: told}, b"{}")
    assert error.error_type == (told if told in ERROR_TYPES else "")
