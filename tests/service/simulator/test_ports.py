"""Ports of single providers: whose they are, and how they refuse connections."""

import asyncio
import socket

import httpx
import pytest

from tests.fakes.llm.provider_calls import CALLS
from tests.fakes.network.raw_answer import ask_raw

pytestmark = pytest.mark.asyncio(loop_scope="module")


def connects(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


async def until_it_connects(url: str) -> None:
    while not await asyncio.to_thread(connects, url):
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("provider", list(CALLS))
async def test_whatever_comes_in_at_a_port_is_its_providers(sim, provider):
    url = await sim.port("house")
    answer = await ask_raw(url, CALLS[provider].raw(stream=True))
    assert answer.status == 200
    assert CALLS[provider].finish in answer.body
    assert (await sim.last())["provider"] == "house"


async def test_a_refused_port_refuses_and_the_others_do_not(sim):
    dead, well = await sim.port("openai"), await sim.port("google")
    fault = await sim.fault("refuse", provider="openai")
    assert (connects(dead), connects(well), connects(sim.url)) == (False, True, True)
    assert {port["provider"]: port["open"] for port in await ports(sim)} == {"openai": False, "google": True}
    await sim.running.public.delete(f"/simulator/faults/{fault['id']}")
    assert connects(dead)
    assert (await ask_raw(dead, CALLS["openai"].raw(stream=False))).status == 200


async def test_a_port_opens_again_when_the_fault_ends(sim):
    url = await sim.port("openai")
    await sim.fault("refuse", ttl_s=1)
    assert not connects(url)
    await until_it_connects(url)
    assert (await ports(sim))[0]["open"]


async def test_open_connections_end_when_a_port_refuses(sim):
    url = await sim.port("openai")
    path, body = CALLS["openai"].request(stream=False)
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.post(path, json=body)).status_code == 200
        await sim.fault("refuse", provider="openai")
        with pytest.raises(httpx.ConnectError):
            await client.post(path, json=body)
    assert (await sim.counts())["total"] == 1


async def test_nobody_else_gets_the_number_of_a_refusing_port(sim):
    url = await sim.port("openai")
    await sim.fault("refuse")
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", int(url.rpartition(":")[2])))


async def test_a_port_opened_while_its_provider_refuses_stays_shut(sim):
    await sim.fault("refuse", provider="openai")
    assert not connects(await sim.port("openai"))


async def test_a_port_can_be_chosen_and_closed(sim):
    public = sim.running.public
    url = await sim.port("openai")
    number = int(url.rpartition(":")[2])
    assert (await public.delete(f"/simulator/ports/{number}")).status_code == 204
    assert not connects(url)
    again = await public.post("/simulator/ports", json={"provider": "openai", "port": number})
    assert (again.status_code, again.json()["url"]) == (201, url)
    taken = await public.post("/simulator/ports", json={"provider": "google", "port": number})
    assert (taken.status_code, taken.json()["code"]) == (409, "port_taken")
    assert (await public.delete("/simulator/ports/1")).status_code == 404


async def test_the_number_of_ports_is_capped(sim):
    for _ in range(20):
        await sim.port("openai")
    answer = await sim.running.public.post("/simulator/ports", json={"provider": "openai"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_ports")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "provider"),
        ({"provider": "Open AI"}, "provider"),
        ({"provider": "openai", "port": 70_000}, "port"),
        ({"provider": "openai", "host": "0.0.0.0"}, "host"),
    ],
)
async def test_a_wrong_port_is_refused_by_name(sim, body, field):
    answer = await sim.running.public.post("/simulator/ports", json=body)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)


async def ports(sim):
    return (await sim.running.public.get("/simulator/ports")).json()["ports"]
