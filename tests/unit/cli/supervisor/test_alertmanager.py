"""Alertmanager in a plan: where it runs, whom it tells, and who tells it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from wattos_cli.alerting.places import dashboards_folder
from wattos_cli.config.loading import load
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import platform_plan
from wattos_cli.supervisor.plan import Plan, ServicePlan
from wattos_cli.supervisor.platform_plan import Wanted

URL = "https://hooks.example.org/T0/secret-part"
NAMED = '[alerts]\nwebhook_url_file = "receiver.url"\n'


def plan(root: Path, toml: str = "", also: tuple[str, ...] = ("alertmanager",), **environ: str) -> Plan:
    (root / "wattos.toml").write_text(toml)
    return platform_plan.build(load(root, environ), Wanted(also=also, port_offset=200))


def component(whole: Plan, name: str = "alertmanager") -> ServicePlan:
    found = whole.service(name)
    assert found is not None
    return found


def document(whole: Plan, name: str = "alertmanager") -> Any:
    return json.loads(component(whole, name).configuration[f"{name}.yml"])


def test_it_runs_alone_on_its_port_on_loopback_with_its_folder_and_file(tmp_path: Path) -> None:
    found = component(plan(tmp_path))
    assert (found.port, found.url, found.health) == (3293, "http://127.0.0.1:3293", "/-/ready")
    assert {
        f"--config.file={tmp_path}/.wattos/run/alertmanager.yml",
        f"--storage.path={tmp_path}/.wattos/data/alertmanager",
        "--web.listen-address=127.0.0.1:3293",
        "--cluster.listen-address=",
    } <= set(found.command)


@pytest.mark.parametrize("name", ["alertmanager", "prometheus-alertmanager"])
def test_the_program_has_two_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    (tmp_path / name).chmod(0o755)
    assert component(plan(tmp_path, PATH=str(tmp_path))).command[0] == name


@pytest.mark.parametrize(("also", "known"), [(("prometheus",), 0), (("prometheus", "alertmanager"), 1)])
def test_prometheus_tells_it_when_it_runs(tmp_path: Path, also: tuple[str, ...], known: int) -> None:
    told = document(plan(tmp_path, also=also), "prometheus")["alerting"]["alertmanagers"]
    assert told == [{"static_configs": [{"targets": ["127.0.0.1:3293"]}]}][:known]


def test_the_receiver_is_in_its_file_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "receiver.url").write_text(f"{URL}\n")
    whole = plan(tmp_path, NAMED)
    assert URL in component(whole).configuration["alertmanager.yml"]
    for shown in (repr(whole), component(whole).command, whole.digests, whole.environ):
        assert URL not in str(shown)


def test_without_a_receiver_alerts_are_only_shown(tmp_path: Path) -> None:
    assert "webhook_configs" not in component(plan(tmp_path)).configuration["alertmanager.yml"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"", "holds no http(s) URL", id="empty"),
        pytest.param(b"secret-part", "holds no http(s) URL", id="no-url"),
        pytest.param(b"https://a.example/secret-part\nhttps://b.example", "holds no", id="two-lines"),
        pytest.param(b"https://[secret-part", "holds no http(s) URL", id="broken"),
        pytest.param(b"\xff\xfesecret-part", "is no text", id="binary"),
        pytest.param(b"https://a.example/secret-part" + b"x" * 65_536, "is larger than 65536", id="large"),
    ],
)
def test_a_receiver_that_cannot_be_told_is_a_configuration_error(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / "receiver.url").write_bytes(content)
    with pytest.raises(WattosError) as raised:
        plan(tmp_path, NAMED)
    assert raised.value.exit_code == ExitCode.CONFIG
    assert reason in raised.value.message
    assert "alerts.webhook_url_file (wattos.toml:2:" in raised.value.message
    assert "secret-part" not in str(raised.value.message)


def test_its_routes_are_those_of_the_committed_file_and_each_tells_the_receiver(tmp_path: Path) -> None:
    committed = yaml.safe_load((dashboards_folder() / "alertmanager/alertmanager.yml").read_text())
    assert document(plan(tmp_path)) == committed
    (tmp_path / "receiver.url").write_text(URL)
    told = document(plan(tmp_path, NAMED))["receivers"]
    assert [each["name"] for each in told] == [each["name"] for each in committed["receivers"]]
    assert all(each["webhook_configs"] == [{"url": URL, "send_resolved": True}] for each in told)


def test_a_drill_divides_its_waits(tmp_path: Path) -> None:
    usual, scaled = (
        document(plan(tmp_path, toml))["route"]["group_wait"] for toml in ("", "alerts.time_scale = 60\n")
    )
    assert (usual, scaled) == ("30s", "500ms")
