"""Who is measured: how each is started, and where it takes requests."""

import json
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from loadtests.bench import nginx
from loadtests.bench.llm_gateway.wire import MODEL, Aim
from loadtests.bench.processes import PLATFORM_PATH, free_port
from wattos_platform.contracts.identity import IDENTITY_HEADER, Identity
from wattos_platform.kernel.identity import IdentitySigner

OURS, NGINX, LITELLM, PORTKEY = "wattos", "nginx", "litellm", "portkey"
OTHERS = (LITELLM, PORTKEY)
SERVICE = "llm-gateway"
# Configured, and never reached: what is measured is what it costs to keep them.
_QUOTA = {"tokens_per_minute": 10_000_000_000, "concurrent_streams": 100_000, "usd_per_day": 1_000_000}
_TIMED = "timed"
# Longer than any run: an identity lives for 60 s, and nobody is there to sign a new one.
_AHEAD_S = 7 * 86_400
_KEY = "sk-bench"


@dataclass(frozen=True)
class Upstreams:
    """The ports of what answers whole, and of what streams on time."""

    whole: int
    timed: int


@dataclass(frozen=True)
class Contender:
    """One gateway: its command, its environment, when it is ready, and its two kinds of requests."""

    name: str
    argv: list[str]
    port: int
    whole: Aim
    streamed: Aim
    health: str
    environ: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 15.0

    def ready(self) -> bool:
        """Return whether it says that it is ready."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", self.health)
            return connection.getresponse().status < 500  # noqa: PLR2004 - an HTTP status class
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def wattos(folder: Path, upstreams: Upstreams) -> Contender:
    """Return our gateway with everything on: identity, quotas, breaker, rows, metrics, access log, trace."""
    return configured(folder, _config(upstreams))


def configured(
    folder: Path, config_of_services: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> Contender:
    """Return our gateway with this configuration, and further settings in `environ`."""
    port, key = free_port(), secrets.token_urlsafe(48)
    secret, operator, config = folder / "identity", folder / "operator", folder / "config.json"
    secret.write_text(key, encoding="ascii")
    operator.write_text(secrets.token_urlsafe(48), encoding="ascii")
    config.write_text(json.dumps(config_of_services), encoding="utf-8")
    signer = IdentitySigner(key.encode(), "gateway", clock=lambda: time.time() + _AHEAD_S)
    token = signer.sign(Identity("bench", "wrk", ("editor",), "gateway"), SERVICE)
    headers = {IDENTITY_HEADER: token}
    return Contender(
        OURS,
        [sys.executable, "-m", "wattos_platform", "serve", SERVICE],
        port,
        whole=Aim(port, headers),
        streamed=Aim(port, headers, f"{_TIMED}/{MODEL}"),
        health="/health/readiness",
        environ={
            "PYTHONPATH": PLATFORM_PATH,
            "WATTOS_PORT": str(port),
            "WATTOS_DATA_DIR": str(folder),
            "WATTOS_RUN_DIR": str(folder),
            "WATTOS_OPS_SOCKET": str(folder / "ops.sock"),
            "WATTOS_IDENTITY_KEY_FILE": str(secret),
            "WATTOS_OPERATOR_TOKEN_FILE": str(operator),
            "WATTOS_CONFIG_FILE": str(config),
            "OPENAI_API_KEY": _KEY,
            **(environ or {}),
        },
    )


def _config(upstreams: Upstreams) -> dict[str, object]:
    return {
        "schema": "wattos.service-config/v1",
        "llm": {
            "providers": ["openai", _TIMED],
            "provider": {
                "openai": {"base_url": f"http://127.0.0.1:{upstreams.whole}/v1"},
                _TIMED: {"base_url": f"http://127.0.0.1:{upstreams.timed}/v1"},
            },
            "prices": [{"provider": _TIMED, "model": "*", "input": "0.15", "output": "0.6"}],
        },
        "limits": {"tenant": _QUOTA, "user": _QUOTA},
    }


def nginx_proxy(folder: Path, upstreams: Upstreams) -> Contender:
    """Return nginx as a proxy that does nothing else: the yardstick."""
    whole, timed = free_port(), free_port()
    servers = (
        nginx.proxy(whole, upstreams.whole, buffering=False),
        nginx.proxy(timed, upstreams.timed, buffering=False),
    )
    argv = nginx.command(folder, "proxy", *servers)
    return Contender(NGINX, argv, whole, Aim(whole, {}), Aim(timed, {}), health="/")


def litellm(program: str, folder: Path, upstreams: Upstreams) -> Contender:
    """Return LiteLLM's proxy as its production advice sets it up: a master key, one worker, no database."""
    port, config = free_port(), folder / "litellm.yaml"
    models = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{MODEL}",
                "api_base": f"http://127.0.0.1:{upstream}/v1",
                "api_key": _KEY,
            },
        }
        for name, upstream in ((MODEL, upstreams.whole), (_TIMED, upstreams.timed))
    ]
    settings = {
        "model_list": models,
        "general_settings": {"master_key": _KEY},
        "litellm_settings": {"request_timeout": 600, "json_logs": True, "telemetry": False, "num_retries": 0},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML, too
    argv = [
        program,
        "--config",
        str(config),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--num_workers",
        "1",
    ]
    headers = {"authorization": f"Bearer {_KEY}"}
    return Contender(
        LITELLM,
        argv,
        port,
        Aim(port, headers),
        Aim(port, headers, _TIMED),
        health="/health/liveliness",
        environ={
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_LOG": "ERROR",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "NO_PROXY": "127.0.0.1",
        },
        wait_s=90.0,
    )


def portkey(program: str, _folder: Path, upstreams: Upstreams) -> Contender:
    """Return Portkey's gateway, told by headers where its provider is."""
    port = free_port()
    argv = [shutil.which("node") or "node", program, f"--port={port}", "--headless"]

    def aim(upstream: int) -> Aim:
        host = f"http://127.0.0.1:{upstream}/v1"
        headers = {"authorization": f"Bearer {_KEY}", "x-portkey-provider": "openai"}
        return Aim(port, {**headers, "x-portkey-custom-host": host})

    environ = {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1", "NODE_ENV": "production"}
    return Contender(
        PORTKEY,
        argv,
        port,
        aim(upstreams.whole),
        aim(upstreams.timed),
        health="/",
        environ=environ,
        wait_s=30.0,
    )


def contenders(folder: Path, upstreams: Upstreams, programs: Mapping[str, str]) -> list[Contender]:
    """Return who takes part: always nginx and ours, the others where `programs` says where they are."""
    makers: Mapping[str, Callable[[str, Path, Upstreams], Contender]] = {LITELLM: litellm, PORTKEY: portkey}
    others = [makers[name](program, folder, upstreams) for name, program in programs.items()]
    return [nginx_proxy(folder, upstreams), wattos(folder, upstreams), *others]


def environ_of(contender: Contender) -> dict[str, str]:
    """Return the environment in which `contender` runs: this one's, without the settings of a platform.

    Modules may keep their bytecode, as they do where they are installed.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("WATTOS_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**inherited, **contender.environ}
