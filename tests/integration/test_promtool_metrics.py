"""`promtool check metrics` has nothing to say about any service's exposition, whatever it has counted."""

import subprocess
from pathlib import Path

import pytest

from tests.fakes.kernel.runtime import OPERATOR_TOKEN
from tests.fakes.programs.prometheus import program
from tests.fakes.services.service_process import service_process
from wattos_platform.catalog import SERVICES
from wattos_platform.contracts.metrics import OTEL_GENAI, families_of
from wattos_platform.kernel.metrics import Metrics

NAMES = [each.name for each in SERVICES]


def complaints(exposition: bytes) -> str:
    """Return what promtool says; it also fails for what it cannot parse."""
    argv = [program("promtool"), "check", "metrics"]
    done = subprocess.run(argv, input=exposition, capture_output=True, timeout=60, check=False)
    said = (done.stdout + done.stderr).decode()
    return said or ("" if done.returncode == 0 else f"promtool exited with {done.returncode}")


def test_promtool_complains_of_a_wrong_one() -> None:
    assert "snake_case" in complaints(b"# HELP aB x\n# TYPE aB gauge\naB 1\n")


@pytest.mark.parametrize("name", NAMES)
async def test_of_every_family_with_something_counted(name) -> None:
    families = families_of(name, {OTEL_GENAI})
    metrics = Metrics(name, families)
    for family in families:
        labels = {label.name: label.values[-1] if label.values else "some" for label in family.label_set}
        if family.kind == "histogram":
            metrics.histogram(family.name, **labels).observe(0.2)
        elif family.kind == "gauge":
            metrics.gauge(family.name, **labels).set(3)
        else:
            metrics.counter(family.name, **labels).inc(2)
    assert complaints(await metrics.exposition()) == ""


@pytest.mark.parametrize("name", NAMES)
async def test_of_the_running_service(name, tmp_path: Path) -> None:
    token = tmp_path / "operator.token"
    token.write_text(OPERATOR_TOKEN)
    environ = {
        "JWT_SECRET": "a secret of this test, long enough",
        "WATTOS_OPERATOR_TOKEN_FILE": str(token),
        **{each.url_variable: "http://127.0.0.1:9" for each in SERVICES},
    }
    async with service_process(name, tmp_path, environ) as service, service.client() as client:
        await client.get("/nothing-here")
        answer = await client.get("/metrics")
        assert answer.headers["content-encoding"] == "gzip"
        plain = await client.get("/metrics", headers={"accept-encoding": "identity"})
    assert complaints(answer.content) == ""
    assert "content-encoding" not in plain.headers
    assert complaints(plain.content) == ""
