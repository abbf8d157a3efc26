"""How long five services take to be ready, and how much memory they hold: `wattos up` against plain exec.

    python -m loadtests.bench.up [--pairs 10]

Baseline: the same five services as `python -m wattos_platform serve NAME`, all started at once, databases
already migrated, no supervisor; ready when every operations socket says so, asked as often as `up` asks.
Pairs alternate, medians are printed; PSS of `up` includes guardian, supervisor and fork server.
Also `restart` of one service to ready, forked against executed, by the same command.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from loadtests.bench.processes import PLATFORM_PATH, pss_mb
from wattos_platform import catalog

NAMES = [service.name for service in catalog.SERVICES if service.default]
ONE = "chat"
SETTLE_S = 3.0  # memory is that of services at rest


def wattos(root: Path, *argv: str, environ: dict[str, str]) -> dict[str, object]:
    """Run the command line and return its JSON; SystemExit with its output when it fails."""
    command = [sys.executable, "-P", "-m", "wattos_cli", *argv, "-o", "json"]
    done = subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{argv}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout) if done.stdout else {}


def is_ready(path: str) -> bool:
    """Return whether the operations socket at `path` answers readiness with 200."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(path)
            client.sendall(b"GET /health/readiness HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return client.recv(12) == b"HTTP/1.1 200"
        except OSError:
            return False


def execute(names: list[str], environ: dict[str, str], folder: Path, offset: int) -> tuple[float, float]:
    """Start `names` as separate interpreters at once; return seconds to readiness and MiB of PSS."""
    began = time.perf_counter()
    children = []
    for name in names:
        own = {
            "WATTOS_OPS_SOCKET": str(folder / f"{name}.sock"),
            "WATTOS_PORT": str(catalog.service(name).port + offset),
        }
        with (folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-P", "-m", "wattos_platform", "serve", name]
            children.append(subprocess.Popen(command, env={**environ, **own}, stdout=log, stderr=log))
    waiting = {str(folder / f"{name}.sock") for name in names}
    while waiting:
        dead = [child.args for child in children if child.poll() is not None]
        if dead:
            sys.exit(f"ended before it was ready: {dead}, see {folder}")
        waiting = {path for path in waiting if not is_ready(path)}
        time.sleep(0.015)
    took_s = time.perf_counter() - began
    time.sleep(SETTLE_S)
    used = pss_mb([child.pid for child in children])
    for child in children:
        child.terminate()
    for child in children:
        child.wait()
    return took_s, used


def ascend(root: Path, environ: dict[str, str]) -> tuple[float, float, float]:
    """Run `up` and `restart`; return their seconds and the MiB of PSS."""
    began = time.perf_counter()
    wattos(root, "up", environ=environ)
    took_s = time.perf_counter() - began
    state = json.loads((root / ".wattos/run/services.json").read_text())
    time.sleep(SETTLE_S)
    pids = [state["guardian"]["pid"], state["supervisor"]["pid"], *state["fork_servers"]]
    used = pss_mb([*pids, *(row["pid"] for row in state["services"])])
    began = time.perf_counter()
    wattos(root, "restart", ONE, environ=environ)
    restarted_s = time.perf_counter() - began
    wattos(root, "down", environ=environ)
    return took_s, used, restarted_s


def restarted_by_exec(root: Path, environ: dict[str, str]) -> float:
    """Return the seconds of the same `restart` where services are executed instead of forked."""
    environ = {**environ, "WATTOS_SPAWN": "exec"}
    wattos(root, "up", environ=environ)
    time.sleep(SETTLE_S)
    began = time.perf_counter()
    wattos(root, "restart", ONE, environ=environ)
    took_s = time.perf_counter() - began
    wattos(root, "down", environ=environ)
    return took_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=10)
    pairs = parser.parse_args().pairs
    with tempfile.TemporaryDirectory(prefix="wb") as folder:
        root = Path(folder)
        environ = {**os.environ, "PYTHONPATH": PLATFORM_PATH, "XDG_RUNTIME_DIR": folder}
        wattos(root, "up", "--port-offset", "auto", environ=environ)
        offset = json.loads((root / ".wattos/run/ports.json").read_text())["port_offset"]
        wattos(root, "down", environ=environ)
        run = root / ".wattos/run"
        plain = {
            **environ,
            "WATTOS_DATA_DIR": str(root / ".wattos/data"),
            "WATTOS_RUN_DIR": str(run),
            "WATTOS_IDENTITY_KEY_FILE": str(run / "identity.key"),
            "WATTOS_JWT_SECRET_FILE": str(run / "jwt.secret"),
            "WATTOS_OPERATOR_TOKEN_FILE": str(run / "operator.token"),
            "WATTOS_CONFIG_FILE": str(run / "config.json"),
            **{s.url_variable: f"http://127.0.0.1:{s.port + offset}" for s in catalog.SERVICES},
        }
        ups, execs, singles = [], [], []
        for _ in range(pairs):
            ups.append(ascend(root, environ))
            execs.append(execute(NAMES, plain, root, offset))
            singles.append(restarted_by_exec(root, environ))
    middle: Callable[[list[float]], float] = statistics.median
    up_s, exec_s = middle([up[0] for up in ups]), middle([each[0] for each in execs])
    up_mib, exec_mib = middle([up[1] for up in ups]), middle([each[1] for each in execs])
    restart_s, single_s = middle([up[2] for up in ups]), middle(singles)
    print(f"five ready     up {up_s:.2f} s   exec {exec_s:.2f} s   ratio {up_s / exec_s:.2f}")
    print(f"PSS            up {up_mib:.0f} MiB  exec {exec_mib:.0f} MiB  ratio {up_mib / exec_mib:.2f}")
    print(f"restart        fork {restart_s:.2f} s  exec {single_s:.2f} s  ratio {restart_s / single_s:.2f}")


if __name__ == "__main__":
    main()
