"""What one proxied JSON hop costs: `python -m loadtests.bench.hop [ROUNDS] [SECONDS]`; needs nginx and wrk.

The same wrk drives nginx `proxy_pass` and our gateway with everything on (identity, limits, breaker, metrics,
access log, audit, traceparent) against the same upstream, in turn, so that a noisy moment hits both. Prints
CPU per request, read from /proc, and the ratio: the bar is 12 times nginx.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROUNDS, SECONDS, CONNECTIONS = 3, 4, 16
BAR = 12.0
_ROOT = Path(__file__).resolve().parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_PER_MINUTE = 100_000_000
ANSWER = json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"text": "x" * 700}]})
NGINX = """
worker_processes 1; daemon off; pid {folder}/{name}.pid; error_log {folder}/{name}.err warn;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 10000000; client_max_body_size 30m;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {body} }}
"""
UPSTREAM = """server {{ listen 127.0.0.1:{port} backlog=1024;
  location / {{ default_type application/json; return 200 '{answer}'; }} }}"""
PROXY = """upstream u {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 10000000; }}
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ proxy_pass http://u;
    proxy_http_version 1.1; proxy_set_header Connection ""; }} }}"""
SCRIPT = """wrk.method = "POST"
local text = string.rep("word ", 400)
wrk.body = '{{"model":"default","messages":[{{"role":"user","content":"' .. text .. '"}}]}}'
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer {token}"
done = function(s) io.write(string.format("REQUESTS %d %d\\n", s.requests,
  s.errors.status + s.errors.connect + s.errors.read + s.errors.write + s.errors.timeout)) end
"""


@dataclass(frozen=True)
class Contender:
    """A running proxy: where it listens and which process group does its work."""

    name: str
    port: int
    pid: int


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(argv: list[str], port: int, environ: dict[str, str] | None = None) -> Iterator[int]:
    """Run `argv` until the block ends; yields its pid once `port` takes connections."""
    process = subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, cwd=_ROOT)
    try:
        for _ in range(200):
            if process.poll() is not None:
                raise SystemExit(f"{argv[0]} ended with {process.returncode}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def nginx(folder: Path, name: str, body: str) -> list[str]:
    """Return the command of an nginx with this http block."""
    config = folder / f"{name}.conf"
    config.write_text(NGINX.format(folder=folder, name=name, body=body), encoding="utf-8")
    return [shutil.which("nginx") or "nginx", "-c", str(config), "-p", str(folder)]


def gateway_environ(folder: Path, port: int, upstream: int) -> dict[str, str]:
    """Return the environment of a gateway with fresh secrets whose model gateway is the upstream."""
    for name in ("jwt", "identity", "operator"):
        (folder / name).write_text(secrets.token_urlsafe(48), encoding="ascii")
    return os.environ | {
        "PYTHONPATH": f"{_ROOT}:{_ROOT / 'platform'}",
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


def cpu_s(pid: int) -> float:
    """Return the CPU seconds used so far by a process and its children, all threads."""
    total = 0.0
    for stat in [Path(f"/proc/{pid}"), *_children(pid)]:
        fields = (stat / "stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def _children(pid: int) -> list[Path]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [Path("/proc") / child for child in listed]


def measure(contender: Contender, script: Path, seconds: int) -> tuple[float, float]:
    """Return (CPU microseconds per request, requests per second); SystemExit if any request failed."""
    url = f"http://127.0.0.1:{contender.port}/v1/chat/completions"
    begin = cpu_s(contender.pid)
    argv = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    used = cpu_s(contender.pid) - begin
    requests, errors = (int(word) for word in told.partition("REQUESTS ")[2].split()[:2])
    if errors or not requests:
        raise SystemExit(f"{contender.name}: {errors} of {requests} requests failed\n{told}")
    return used / requests * 1e6, requests / seconds


def main(rounds: int, seconds: int) -> None:
    """Measure both in turn and print medians and the ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ports = {each: free_port() for each in ("upstream", "nginx", "gateway")}
        upstream = UPSTREAM.format(port=ports["upstream"], answer=ANSWER)
        proxy = PROXY.format(port=ports["nginx"], upstream=ports["upstream"])
        environ = gateway_environ(folder, ports["gateway"], ports["upstream"])
        program = [sys.executable, "-m", "wattos_platform"]
        subprocess.run([*program, "migrate", "gateway"], env=environ, check=True, cwd=_ROOT)
        with (
            running(nginx(folder, "upstream", upstream), ports["upstream"]),
            running(nginx(folder, "proxy", proxy), ports["nginx"]) as nginx_pid,
            running([*program, "serve", "gateway"], ports["gateway"], environ) as gateway_pid,
        ):
            script = folder / "post.lua"
            script.write_text(SCRIPT.format(token=make_token(folder)), encoding="ascii")
            contenders = [
                Contender("nginx", ports["nginx"], nginx_pid),
                Contender("gateway", ports["gateway"], gateway_pid),
            ]
            report(contenders, script, rounds, seconds)


def report(contenders: list[Contender], script: Path, rounds: int, seconds: int) -> None:
    """Print one line per contender and the ratio of the second to the first."""
    costs: dict[str, list[float]] = {each.name: [] for each in contenders}
    for each in contenders:
        measure(each, script, 1)
    for _ in range(rounds):
        for each in contenders:
            cost_us, rate = measure(each, script, seconds)
            costs[each.name].append(cost_us)
            print(f"{each.name:8} {cost_us:7.1f} us CPU per request, {rate:8.0f} requests/s")
    base, ours = (statistics.median(costs[each.name]) for each in contenders)
    verdict = "within" if ours <= BAR * base else "ABOVE"
    print(f"median: nginx {base:.1f} us, gateway {ours:.1f} us: {ours / base:.1f}x, {verdict} {BAR:.0f}x")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]] + [ROUNDS, SECONDS][len(sys.argv) - 1 :]
    main(given[0], given[1])
