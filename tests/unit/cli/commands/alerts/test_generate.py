"""`wattos alerts generate` and `check`."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.cli.deps import err, make_deps, out
from tests.fakes.cli.schemas import published
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.alerting.files import all_files
from wattos_cli.app import execute
from wattos_cli.deps import Deps
from wattos_cli.errors import ExitCode, WattosError

OWN = """schema: wattos.slo/v1
thresholds: {llm_cost_per_hour_usd: 7}
slos:
  - {name: mine, service: chat, indicator: availability, objective: 99%}
"""


def done(root: Path, *argv: str, code: ExitCode = ExitCode.OK, **given: Any) -> Deps:
    deps = make_deps(cwd=root, **given)
    assert execute(["alerts", *argv], deps=deps) == code, out(deps)
    return deps


def usage(root: Path, *argv: str) -> str:
    with pytest.raises(WattosError) as caught:
        execute(["alerts", *argv], deps=make_deps(cwd=root))
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value.message


def test_everything_is_written_once(tmp_path: Path) -> None:
    first = published(out(done(tmp_path, "generate", json_output=True)))
    assert first["written"] == first["files"] == sorted(all_files())
    again = done(tmp_path, "generate")
    assert err(again) == f"0 of {len(ALERTS) + 3} files written, the others were up to date\n"
    assert "dashboards/prometheus/alerts.yml" in out(again).splitlines()
    for name, text in all_files().items():
        assert (tmp_path / "dashboards" / name).read_text() == text


def test_objectives_of_ones_own_have_no_tests_of_the_bundled_ones(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(OWN)
    done(tmp_path, "generate", "--slo", "slo.yaml", "--out", "rules", "--grafana", "https://g.example")
    assert sorted(path.name for path in (tmp_path / "rules").rglob("*.yml")) == [
        "alertmanager.yml",
        "alerts.yml",
        "rules.yml",
    ]
    text = (tmp_path / "rules" / "prometheus" / "alerts.yml").read_text()
    assert "> 7\n" in text
    assert "https://g.example/d/wattos-llm" in text
    assert "slo: mine" in (tmp_path / "rules" / "prometheus" / "rules.yml").read_text()


def test_destinations_are_files_and_every_receiver_has_them(tmp_path: Path) -> None:
    deps = done(
        tmp_path,
        "generate",
        *("--webhook-url-file", "/run/hook", "--slack-url-file", "/run/slack", "--slack-channel", "#ops"),
        *("--email-to", "a@b.example", "--email-from", "w@b.example", "--smarthost", "mail:587"),
        *("--email-password-file", "/run/mail"),
    )
    assert "needs Alertmanager 0.26" in err(deps)
    text = (tmp_path / "dashboards" / "alertmanager" / "alertmanager.yml").read_text()
    for receiver in yaml.safe_load(text)["receivers"]:
        assert receiver["webhook_configs"][0]["url_file"] == "/run/hook"
        assert receiver["slack_configs"][0]["api_url_file"] == "/run/slack"
        assert receiver["email_configs"][0]["auth_password_file"] == "/run/mail"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--slack-channel", "#ops"], "Slack needs both"),
        (["--email-to", "a@b"], "mail needs all three"),
        (["--email-password-file", "x"], "mail needs all three"),
        (["--time-scale", "0"], "--time-scale"),
        (["--out", "file"], "cannot write"),
    ],
)
def test_half_an_option_is_refused(tmp_path: Path, argv: list[str], said: str) -> None:
    (tmp_path / "file").write_text("")
    assert said in usage(tmp_path, "generate", *argv)


def test_check_too_refuses_a_scale_that_divides_nothing(tmp_path: Path) -> None:
    for scale in ("0", "-3"):
        assert f"got {scale}" in usage(tmp_path, "check", "--time-scale", scale)


def test_check_passes_where_nothing_was_generated(tmp_path: Path) -> None:
    body = published(out(done(tmp_path, "check", json_output=True)))
    assert (body["verdict"], body["failures"]) == ("pass", [])
    assert [each.split()[0] for each in body["not_asked"]] == ["promtool", "amtool"]


def test_check_finds_what_is_stale_missing_or_left_over(tmp_path: Path) -> None:
    done(tmp_path, "generate")
    folder = tmp_path / "dashboards"
    done(tmp_path, "check")
    (folder / "prometheus" / "rules.yml").write_text("groups: []\n")
    (folder / "prometheus" / "alerts.yml").unlink()
    (folder / "prometheus" / "tests" / "Gone.yml").write_text("x\n")
    (folder / "alertmanager" / "alertmanager.yml").write_text("route: {receiver: a}\n")
    deps = done(tmp_path, "check", "--junit", "x.xml", code=ExitCode.NO, json_output=True)
    problems = {each["check"]: each["problem"] for each in published(out(deps))["failures"]}
    again = "write it with: wattos alerts generate"
    assert problems == {
        "dashboards/prometheus/rules.yml": f"is stale; {again}",
        "dashboards/prometheus/alerts.yml": f"is missing; {again}",
        "dashboards/alertmanager/alertmanager.yml": f"is stale; {again}",
        "dashboards/prometheus/tests/Gone.yml": "is not generated any more; delete it",
    }
    assert 'failures="4"' in (tmp_path / "x.xml").read_text()


def test_receivers_of_ones_own_are_not_stale(tmp_path: Path) -> None:
    done(tmp_path, "generate", "--slack-url-file", "/run/slack", "--slack-channel", "#ops")
    done(tmp_path, "check")


def test_a_metric_that_nobody_has_is_named(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text(
        """apiVersion: openslo/v1
kind: SLO
metadata: {name: x}
spec:
  service: chat
  objectives: [{target: 0.9}]
  indicator: {spec: {ratioMetric: {counter: true,
    good: {metricSource: {spec: {query: htp_requests_total}}},
    total: {metricSource: {spec: {query: http_requests_total}}}}}}
"""
    )
    deps = done(tmp_path, "check", "--slo", "slo.yaml", code=ExitCode.NO)
    assert "no service has the metric htp_requests_total" in out(deps)
    text = (
        (tmp_path / "slo.yaml")
        .read_text()
        .replace("htp_requests_total", "'http_requests_total{rout=\"/a\"}'")
    )
    (tmp_path / "slo.yaml").write_text(text)
    assert "http_requests_total has no label rout" in out(
        done(tmp_path, "check", "--slo", "slo.yaml", code=ExitCode.NO)
    )


def test_what_a_service_of_ones_own_counts_is_not_known_here(tmp_path: Path) -> None:
    (tmp_path / "wattos.toml").write_text('[services.billing]\nurl = "http://127.0.0.1:9"\n')
    (tmp_path / "slo.yaml").write_text(
        """apiVersion: openslo/v1
kind: SLO
metadata: {name: x}
spec:
  service: billing
  objectives: [{target: 0.9}]
  indicator: {spec: {ratioMetric: {counter: true,
    bad: {metricSource: {spec: {query: bills_lost_total}}},
    total: {metricSource: {spec: {query: bills_total}}}}}}
"""
    )
    done(tmp_path, "check", "--slo", "slo.yaml")


def test_a_file_may_hold_thresholds_alone(tmp_path: Path) -> None:
    (tmp_path / "slo.yaml").write_text("schema: wattos.slo/v1\nthresholds: {llm_cost_per_hour_usd: 5}\n")
    done(tmp_path, "check", "--slo", "slo.yaml")


def test_tests_that_were_asked_for_and_cannot_run_are_no_pass(tmp_path: Path) -> None:
    deps = done(tmp_path, "check", "--tests", code=ExitCode.NO, json_output=True)
    (failure,) = published(out(deps))["failures"]
    assert failure["check"] == "promtool test rules"
    assert "apt-get install -y prometheus" in failure["problem"]


def test_what_promtool_and_amtool_say_counts(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, code in (("promtool", 1), ("amtool", 0)):
        (programs / name).write_text(f'#!/bin/sh\necho {name} does not like "$1"\nexit {code}\n')
        (programs / name).chmod(0o755)
    path = f"{programs}:/bin:/usr/bin"
    deps = done(tmp_path, "check", "--tests", code=ExitCode.NO, environ={"PATH": path}, json_output=True)
    failures = published(out(deps))["failures"]
    assert {"check": "promtool check rules", "problem": "promtool does not like check"} in failures
    assert len(failures) == 1 + len(ALERTS)
