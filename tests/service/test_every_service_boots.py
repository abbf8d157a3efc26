"""Every service of the catalog as a bare process, as a container starts it: no supervisor, no fork server."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.kernel.runtime import IDENTITY_KEY, OPERATOR_TOKEN, identity_headers
from tests.fakes.network.ports import port_offset
from tests.fakes.project.running import REPOSITORY
from wattos_platform.catalog import SERVICES, service
from wattos_platform.contracts.health import HealthReport

NAMES = [each.name for each in SERVICES]
JWT_SECRET = "a secret of the boot test, long enough"
BOOT_S = 100
SWITCHES = {"DISABLE_AUTH": "true", "AUTH_DISABLED": "1", "WATTOS_AUTH": "off", "NODE_ENV": "development"}
FIRST_REQUESTS = {
    "gateway": "/v1/models",
    "chat": "/api/v1/conversations",
    "rag": "/api/v1/knowledge-spaces",
    "agent": "/api/v1/runs",
    "llm-gateway": "/v1/models",
    "simulator": "/v1/models",
}
get = partial(httpx.get, verify=False)  # which reads no certificates first


@dataclass
class Booted:
    """One process and what it was given."""

    name: str
    environ: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environ['WATTOS_PORT']}"

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()


def environ(name: str, folder: Path, offset: int) -> dict[str, str]:
    """Return all that a container would set."""
    secrets = {"identity.key": IDENTITY_KEY.decode(), "operator.token": OPERATOR_TOKEN}
    for file, secret in secrets.items():
        (folder / file).write_text(secret)
    urls = {each.url_variable: f"http://127.0.0.1:{each.port + offset}" for each in SERVICES}
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY / "platform"),
        "JWT_SECRET": JWT_SECRET,
        "WATTOS_DATA_DIR": str(folder),
        "WATTOS_RUN_DIR": str(folder),
        "WATTOS_IDENTITY_KEY_FILE": str(folder / "identity.key"),
        "WATTOS_OPERATOR_TOKEN_FILE": str(folder / "operator.token"),
        "WATTOS_PORT": str(service(name).port + offset),
        "WATTOS_OPS_SOCKET": str(folder / f"{name}.sock"),
        "WATTOS_HEALTH_INTERVAL_S": "0.2",
        **SWITCHES,
        **urls,
    }


def run(program: str, name: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "wattos_platform", program, name]
    return subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=BOOT_S, check=False)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wb", dir="/tmp") as folder:  # a socket's path must be short
        yield Path(folder)


@pytest.fixture(scope="module")
def offset() -> Iterator[int]:
    with port_offset() as offset:
        yield offset


@pytest.fixture(scope="module")
def booted(folder: Path, offset: int) -> Iterator[dict[str, Booted]]:
    """Start all services at once, each as soon as its own database is there."""
    started: dict[str, Booted] = {}
    try:
        for name in NAMES:
            given, log = environ(name, folder, offset), folder / f"{name}.log"
            argv = f"exec {sys.executable} -m wattos_platform"
            script = f"{argv.removeprefix('exec ')} migrate {name} && {argv} serve {name}"
            with log.open("wb") as out:
                process = subprocess.Popen(["sh", "-c", script], env=given, stdout=out, stderr=out)
            started[name] = Booted(name, given, log, process)
        for each in started.values():
            wait_alive(each)
        yield started
    finally:
        for each in started.values():
            each.process.terminate()
        for each in started.values():
            each.process.wait(30)


def wait_alive(each: Booted) -> None:
    deadline = time.monotonic() + BOOT_S
    while True:
        assert each.process.poll() is None, each.log.read_text()
        assert time.monotonic() < deadline, each.log.read_text()
        try:
            if get(f"{each.url}/health/liveness").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)


def test_every_service_is_asked_something() -> None:
    assert sorted(FIRST_REQUESTS) == sorted(NAMES)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("agent", id="defect-1-agent"),
        pytest.param("chat", id="defect-4-defect-5-chat"),
        *(name for name in NAMES if name not in {"agent", "chat"}),
    ],
)
def test_it_boots_and_writes_nothing_but_json(booted: dict[str, Booted], name: str) -> None:
    """[defect-1] [defect-39] its logger works, every line of it is an object, with no setting for that."""
    lines = [json.loads(line) for line in booted[name].lines()]
    assert "service.started" in {line["event"] for line in lines}
    assert {line["service"] for line in lines} == {name}
    assert {line["level"] for line in lines} <= {"debug", "info", "warning"}


@pytest.mark.parametrize("name", [pytest.param(name, id=f"defect-2-{name}") for name in NAMES])
def test_all_its_health_routes_answer(booted: dict[str, Booted], name: str) -> None:
    url = booted[name].url
    assert get(f"{url}/health/liveness").json() == {"status": "alive"}
    until_ready(url)
    report = HealthReport.model_validate(get(f"{url}/health").json())
    assert (report.service, report.status) == (name, "healthy")
    expected = {dep.name for dep in service(name).depends_on}
    assert expected <= report.checks.keys()
    assert ("database" in report.checks) is service(name).database
    assert get(f"{url}/health/kpi").json()["http_requests"]["total"] > 0


@pytest.mark.parametrize("name", [pytest.param(name, id=f"defect-25-{name}") for name in NAMES])
@pytest.mark.parametrize("path", ["/metrics", "/health/metrics"])
def test_its_metrics_are_an_exposition(booted: dict[str, Booted], name: str, path: str) -> None:
    answer = get(booted[name].url + path)
    kind = answer.headers["content-type"]
    parse = openmetrics if "openmetrics" in kind else text_string_to_metric_families
    families = {family.name: family for family in parse(answer.text)}
    assert families["http_requests"].type == "counter"
    assert families["http_request_duration_seconds"].type == "histogram"
    assert all(family.documentation for family in families.values())


@pytest.mark.parametrize("name", [pytest.param(name, id=f"defect-3-{name}") for name in NAMES])
def test_the_first_requests_are_answered(booted: dict[str, Booted], name: str) -> None:
    """[defect-3] at the gateway they pass the rate limiter, which says what is left."""
    with httpx.Client(
        base_url=booted[name].url, headers=credentials(booted, name), timeout=30, verify=False
    ) as client:
        answers = [client.get(FIRST_REQUESTS[name]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
    if name == "gateway":
        assert all("ratelimit" in answer.headers for answer in answers)
        anonymous = get(f"{booted[name].url}/v1/models")
        assert anonymous.status_code == 401
        assert "ratelimit" in anonymous.headers


@pytest.mark.parametrize("name", NAMES)
def test_admin_answers_on_the_operations_listener_only(booted: dict[str, Booted], name: str) -> None:
    headers = {"authorization": f"Bearer {OPERATOR_TOKEN}"}
    assert get(f"{booted[name].url}/admin/config", headers=headers).status_code in {401, 404}
    transport = httpx.HTTPTransport(uds=booted[name].environ["WATTOS_OPS_SOCKET"], verify=False)
    with httpx.Client(transport=transport, base_url="http://ops") as ops:
        assert ops.get("/admin/config").status_code == 401
        shown = ops.get("/admin/config", headers=headers)
    assert shown.status_code == 200
    assert JWT_SECRET not in shown.text


@pytest.mark.parametrize("program", ["serve", "migrate"])
def test_an_unknown_service_is_a_usage_error(program: str, folder: Path) -> None:
    done = run(program, "billing", environ("chat", folder, 0))
    assert done.returncode == 2
    assert "there is no service 'billing'" in done.stderr
    assert all(name in done.stderr for name in NAMES)


@pytest.mark.parametrize(
    ("name", "variable", "value"),
    [
        ("chat", "LOG_LEVEL", "loud"),
        ("chat", "WATTOS_PORT", "eighty"),
        ("rag", "WATTOS_DRAIN_S", "-1"),
        ("gateway", "RATE_LIMIT", "many"),
        ("gateway", "JWT_SECRET", "short"),
        ("gateway", "WATTOS_IDENTITY_KEY_FILE", "/nowhere/identity.key"),
        ("llm-gateway", "WATTOS_CONFIG_FILE", "/nowhere/config.json"),
    ],
)
def test_a_wrong_setting_is_named(name: str, variable: str, value: str, folder: Path) -> None:
    done = run("serve", name, environ(name, folder, 0) | {variable: value})
    assert done.returncode == 3
    assert variable in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_setting_switches_authentication_off(booted: dict[str, Booted]) -> None:
    """[defect-14] names that did, elsewhere: they were in the environment from the start, and do nothing."""
    url = booted["gateway"].url
    headers = {"x-disable-auth": "true", "x-user-id": "root", "x-tenant-id": "a", "x-user-roles": "admin"}
    assert get(f"{url}/v1/models", headers=headers).status_code == 401
    for name in NAMES[1:-1]:
        assert get(booted[name].url + FIRST_REQUESTS[name], headers=headers).status_code == 401


def test_a_database_of_newer_code_is_left_alone(tmp_path: Path) -> None:
    given = environ("chat", tmp_path, 0)
    assert run("migrate", "chat", given).returncode == 0
    with closing(sqlite3.connect(tmp_path / "chat.db")) as database:
        database.execute("update alembic_version set version_num = '9999'")
        database.commit()
    before = (tmp_path / "chat.db").read_bytes()
    done = run("migrate", "chat", given)
    assert done.returncode == 3
    assert "9999" in done.stderr
    assert (tmp_path / "chat.db").read_bytes() == before


def test_sigterm_ends_it_with_zero(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with port_offset() as offset, log.open("wb") as out:
        given = environ("simulator", tmp_path, offset)
        argv = [sys.executable, "-m", "wattos_platform", "serve", "simulator"]
        process = subprocess.Popen(argv, env=given, stdout=out, stderr=out)
        try:
            wait_alive(Booted("simulator", given, log, process))
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert json.loads(log.read_text().splitlines()[-1])["event"] == "service.stopped"


def until_ready(url: str) -> None:
    deadline = time.monotonic() + BOOT_S
    while (answer := get(f"{url}/health")).json()["status"] != "healthy":
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    assert get(f"{url}/health/readiness").status_code == 200


def credentials(booted: dict[str, Booted], name: str) -> dict[str, str]:
    if name != "gateway":
        return identity_headers(name)
    transport = httpx.HTTPTransport(uds=booted[name].environ["WATTOS_OPS_SOCKET"], verify=False)
    asked = {"tenant": "a", "user": "ada", "role": "editor"}
    with httpx.Client(transport=transport, base_url="http://ops") as ops:
        made = ops.post("/admin/tokens", json=asked, headers={"authorization": f"Bearer {OPERATOR_TOKEN}"})
    return {"authorization": f"Bearer {made.json()['token']}"}
