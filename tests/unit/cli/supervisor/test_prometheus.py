"""Prometheus in a plan: whom its file makes it scrape, and with what."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from wattos_cli.alerting.places import dashboards_folder
from wattos_cli.config.loading import load
from wattos_cli.errors import ExitCode, WattosError
from wattos_cli.supervisor import platform_plan
from wattos_cli.supervisor.addresses import VIA_SUPERVISOR
from wattos_cli.supervisor.plan import Edge, Plan, ServicePlan
from wattos_cli.supervisor.platform_plan import Wanted


def plan(root: Path, toml: str = "", also: tuple[str, ...] = ("prometheus",), **environ: str) -> Plan:
    root.mkdir(exist_ok=True)
    (root / "wattos.toml").write_text(toml)
    return platform_plan.build(load(root, environ), Wanted(also=also, port_offset=200))


def component(whole: Plan) -> ServicePlan:
    found = whole.service("prometheus")
    assert found is not None
    return found


def scraping(whole: Plan) -> dict[str, Any]:
    """Return the jobs of prometheus.yml by their names."""
    document = json.loads(component(whole).configuration["prometheus.yml"])
    return {job["job_name"]: job for job in document["scrape_configs"]}


def test_it_runs_on_its_port_on_loopback_with_its_folder_and_file(tmp_path: Path) -> None:
    found = component(plan(tmp_path))
    assert (found.kind, found.port, found.url, found.health) == (
        "component",
        3290,
        "http://127.0.0.1:3290",
        "/-/ready",
    )
    assert {
        f"--config.file={tmp_path}/.wattos/run/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/.wattos/data/prometheus",
        "--web.listen-address=127.0.0.1:3290",
    } <= set(found.command)
    assert any(word.startswith("--storage.tsdb.retention.size=") for word in found.command)


def test_no_service_waits_for_it_and_it_gives_them_no_variable(tmp_path: Path) -> None:
    beside, without = plan(tmp_path), plan(tmp_path, also=())
    for each in beside.services:
        assert Edge("prometheus", critical=False) not in each.depends_on
    assert (beside.environ, beside.digests) == (without.environ, without.digests)


def test_the_token_goes_to_the_supervisor_alone(tmp_path: Path) -> None:
    whole = plan(tmp_path / "p: [x]")
    jobs = scraping(whole)
    token = {"type": "Bearer", "credentials_file": f"{tmp_path}/p: [x]/.wattos/run/metrics.token"}
    assert {name for name, job in jobs.items() if "authorization" in job} == {"wattos"}
    assert jobs["wattos"]["authorization"] == token
    for name, action in (("wattos", "keep"), ("own-services", "drop")):
        (discovery,) = jobs[name]["http_sd_configs"]
        assert (discovery["url"], discovery["authorization"]) == ("http://127.0.0.1:3280/targets", token)
        (rule,) = jobs[name]["relabel_configs"]
        assert (rule["source_labels"], rule["action"]) == ([VIA_SUPERVISOR], action)


def test_it_scrapes_itself_but_no_redis(tmp_path: Path) -> None:
    jobs = scraping(plan(tmp_path, also=("prometheus", "redis")))
    assert jobs.keys() == {"wattos", "own-services", "prometheus"}
    assert jobs["prometheus"]["static_configs"] == [
        {"targets": ["127.0.0.1:3290"], "labels": {"instance": "prometheus-0"}}
    ]


@pytest.mark.parametrize(
    ("interval", "time_scale", "expected"),
    [
        pytest.param("15s", 1, "15000ms", id="as-often-as-the-platform-s-own-store"),
        pytest.param("15s", 10, "1500ms", id="more-often-in-a-drill"),
        pytest.param("5s", 60, "1000ms", id="but-no-more-than-once-a-second"),
    ],
)
def test_how_often_it_scrapes(tmp_path: Path, interval: str, time_scale: int, expected: str) -> None:
    toml = f'metrics.scrape_interval = "{interval}"\nalerts.time_scale = {time_scale}\n'
    document = json.loads(component(plan(tmp_path, toml)).configuration["prometheus.yml"])
    assert set(document["global"].values()) == {expected}


def test_another_address_of_the_supervisor_is_where_targets_are_found(tmp_path: Path) -> None:
    (discovery,) = scraping(plan(tmp_path, WATTOS_HOST="127.0.0.2"))["wattos"]["http_sd_configs"]
    assert discovery["url"] == "http://127.0.0.2:3280/targets"


def alerts(whole: Plan) -> dict[str, Any]:
    """Return the alerting rules by name."""
    document = yaml.safe_load(component(whole).configuration["prometheus-alerts.yml"])
    return {rule["alert"]: rule for group in document["groups"] for rule in group["rules"]}


def test_the_bundled_objectives_are_its_rules(tmp_path: Path) -> None:
    found = component(plan(tmp_path))
    bundled = {
        f"prometheus-{name}": (dashboards_folder() / "prometheus" / name).read_text()
        for name in ("rules.yml", "alerts.yml")
    }
    assert {name: found.configuration[name] for name in bundled} == bundled
    document = json.loads(found.configuration["prometheus.yml"])
    assert document["rule_files"] == [f"{tmp_path}/.wattos/run/{name}" for name in bundled]


def test_the_folder_s_name_is_no_pattern(tmp_path: Path) -> None:
    document = json.loads(component(plan(tmp_path / "[a]*?\\")).configuration["prometheus.yml"])
    first, _ = document["rule_files"]
    assert first == f"{tmp_path}/\\[a]?\\?\\\\/.wattos/run/prometheus-rules.yml"


def test_objectives_of_the_project_s_own_take_their_place(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text("schema: wattos.slo/v1\nthresholds:\n  error_rate: 7%\n")
    found = alerts(plan(tmp_path, '[alerts]\nslo_file = "slo.yaml"\n'))
    assert "> 0.07" in found["HighErrorRate"]["expr"]


def test_a_wrong_file_of_objectives_is_named_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text("schema: wattos.slo/v1\nthresholds:\n  eror_rate: 7%\n")
    toml = '[alerts]\nslo_file = "slo.yaml"\n'
    with pytest.raises(WattosError, match=r"slo\.yaml:3:") as raised:
        plan(tmp_path, toml)
    assert raised.value.exit_code == ExitCode.CONFIG
    assert plan(tmp_path, toml, also=()).service("prometheus") is None, "nobody reads it"


def test_a_drill_divides_every_window_and_wait(tmp_path: Path) -> None:
    usual, scaled = alerts(plan(tmp_path)), alerts(plan(tmp_path, "[alerts]\ntime_scale = 60\n"))
    assert (usual["ServiceDown"]["for"], scaled["ServiceDown"]["for"]) == ("1m", "1s")
