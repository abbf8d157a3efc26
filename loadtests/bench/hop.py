"""What one proxied JSON hop costs: `python -m loadtests.bench.hop [ROUNDS] [SECONDS]`; needs nginx and wrk.

The same wrk drives nginx `proxy_pass` and our gateway with everything on (identity, limits, breaker, metrics,
access log, audit, traceparent) against the same upstream, in turn, so that a noisy moment hits both. Prints
CPU per request, read from /proc, and the ratio: the bar is 12 times nginx.
"""

import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from loadtests.bench import nginx
from loadtests.bench.processes import (
    PLATFORM_PATH,
    ROOT,
    connects,
    cpu_s,
    free_port,
    running,
    stop_cleanly_on_sigterm,
)
from loadtests.bench.wrk import Target, saturate

ROUNDS, SECONDS, CONNECTIONS = 3, 4, 16
BAR = 12.0
_PER_MINUTE = 100_000_000
ANSWER = json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"text": "x" * 700}]})
PROMPT = {"model": "default", "messages": [{"role": "user", "content": "word " * 400}]}


@dataclass(frozen=True)
class Contender:
    """A running proxy: where it listens and which process group does its work."""

    name: str
    port: int
    pid: int


def gateway_environ(folder: Path, port: int, upstream: int) -> dict[str, str]:
    """Return the environment of a gateway with fresh secrets whose model gateway is the upstream."""
    for name in ("jwt", "identity", "operator"):
        (folder / name).write_text(secrets.token_urlsafe(48), encoding="ascii")
    return os.environ | {
        "PYTHONPATH": PLATFORM_PATH,
        "WATTOS_PORT": str(port),
        "WATTOS_DATA_DIR": str(folder),
        "WATTOS_RUN_DIR": str(folder),
        "WATTOS_OPS_SOCKET": str(folder / "ops.sock"),
        "WATTOS_JWT_SECRET_FILE": str(folder / "jwt"),
        "WATTOS_IDENTITY_KEY_FILE": str(folder / "identity"),
        "WATTOS_OPERATOR_TOKEN_FILE": str(folder / "operator"),
        "WATTOS_LLM_GATEWAY_URL": f"http://127.0.0.1:{upstream}",
        "WATTOS_TENANT_RATE_LIMIT": f"{_PER_MINUTE}r/m",
    }


def make_token(folder: Path) -> str:
    """Return a key whose own limit is out of the way, made as `wattos token create` makes one."""
    transport = httpx.HTTPTransport(uds=str(folder / "ops.sock"))
    operator = (folder / "operator").read_text(encoding="ascii")
    body = {"tenant": "bench", "user": "wrk", "role": "editor", "limits": {"per_minute": _PER_MINUTE}}
    with httpx.Client(transport=transport, headers={"authorization": f"Bearer {operator}"}) as client:
        answer = client.post("http://ops/admin/tokens", json=body).raise_for_status()
    token: str = answer.json()["token"]
    return token


def measure(contender: Contender, token: str, folder: Path, seconds: int) -> tuple[float, float]:
    """Return (CPU microseconds per request, requests per second); SystemExit if any request failed."""
    url = f"http://127.0.0.1:{contender.port}/v1/chat/completions"
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    target = Target(url, headers, json.dumps(PROMPT).encode())
    begin = cpu_s(contender.pid)
    load = saturate(target, folder, CONNECTIONS, seconds)
    return (cpu_s(contender.pid) - begin) / load.requests * 1e6, load.per_s


def main(rounds: int, seconds: int) -> None:
    """Measure both in turn and print medians and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ports = {each: free_port() for each in ("upstream", "nginx", "gateway")}
        upstream = nginx.command(folder, "upstream", nginx.static(ports["upstream"], ANSWER))
        proxy = nginx.command(folder, "proxy", nginx.proxy(ports["nginx"], ports["upstream"]))
        environ = gateway_environ(folder, ports["gateway"], ports["upstream"])
        program = [sys.executable, "-m", "wattos_platform"]
        subprocess.run([*program, "migrate", "gateway"], env=environ, check=True, cwd=ROOT)
        with (
            running(upstream, partial(connects, ports["upstream"])),
            running(proxy, partial(connects, ports["nginx"])) as nginx_pid,
            running(
                [*program, "serve", "gateway"], partial(connects, ports["gateway"]), environ
            ) as gateway_pid,
        ):
            contenders = [
                Contender("nginx", ports["nginx"], nginx_pid),
                Contender("gateway", ports["gateway"], gateway_pid),
            ]
            report(contenders, make_token(folder), folder, rounds, seconds)


def report(contenders: list[Contender], token: str, folder: Path, rounds: int, seconds: int) -> None:
    """Print one line per contender and the ratio of the second to the first."""
    costs: dict[str, list[float]] = {each.name: [] for each in contenders}
    for each in contenders:
        measure(each, token, folder, 1)
    for _ in range(rounds):
        for each in contenders:
            cost_us, rate = measure(each, token, folder, seconds)
            costs[each.name].append(cost_us)
            print(f"{each.name:8} {cost_us:7.1f} us CPU per request, {rate:8.0f} requests/s")
    base, ours = (statistics.median(costs[each.name]) for each in contenders)
    verdict = "within" if ours <= BAR * base else "ABOVE"
    print(f"median: nginx {base:.1f} us, gateway {ours:.1f} us: {ours / base:.1f}x, {verdict} {BAR:.0f}x")


if __name__ == "__main__":
    stop_cleanly_on_sigterm()
    given = [int(word) for word in sys.argv[1:]] + [ROUNDS, SECONDS][len(sys.argv) - 1 :]
    main(given[0], given[1])
