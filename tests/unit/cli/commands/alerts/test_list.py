"""`wattos alerts`: our engine's word, a Prometheus', an Alertmanager's."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.fakes.cli.deps import FakeTime, err, make_deps, out, write_running
from tests.fakes.cli.http import FakeHttp
from tests.fakes.cli.schemas import published
from tests.fakes.metrics.filled_store import Scraped
from wattos_cli.alerting.catalogue import ALERTS
from wattos_cli.app import execute
from wattos_cli.deps import Deps, Reply
from wattos_cli.errors import ExitCode, WattosError

QUIET = len(ALERTS) - 2
NOW = 1_700_000_000.0
PROMETHEUS, ALERTMANAGER = "http://prometheus.example:9090", "http://alerts.example:9093"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in which rag has been down for two minutes, and chat's breaker was opened just now."""
    scraped = Scraped(NOW)
    scraped.add("chat-0", "up", [1.0] * 121)
    scraped.add("chat-0", "circuit_breaker_state", [0.0] * 117 + [1.0] * 4, name="hop:rag", state="open")
    scraped.add("rag-0", "up", [1.0] * 97 + [0.0] * 24)
    scraped.write(tmp_path)
    write_running(tmp_path, {"name": "chat"}, {"name": "rag"})
    return tmp_path


def asked(root: Path, *argv: str, code: ExitCode = ExitCode.OK, **given: Any) -> Deps:
    deps = make_deps(cwd=root, **given)
    assert execute(["alerts", *argv], deps=deps) == code
    return deps


def refused(root: Path, *argv: str, **given: Any) -> WattosError:
    with pytest.raises(WattosError) as caught:
        execute(["alerts", *argv], deps=make_deps(cwd=root, **given))
    return caught.value


def test_what_fires_comes_first_then_what_waits(root: Path) -> None:
    deps = asked(root)
    assert out(deps).splitlines() == [
        "ALERT        STATE    SEVERITY  SINCE  WHAT",
        "ServiceDown  firing   critical  1m45s  No replica of rag answers.",
        "BreakerOpen  pending  warning   15s    chat does not ask hop:rag, because too many calls failed.",
    ]
    assert err(deps).splitlines()[0] == f"1 firing, 1 pending, {QUIET} inactive"
    assert "what to do about ServiceDown: wattos alerts show ServiceDown" in err(deps)


def test_json_has_every_alert(root: Path) -> None:
    alerts = published(out(asked(root, json_output=True)))["alerts"]
    assert [each["state"] for each in alerts[:3]] == ["firing", "pending", "inactive"]
    assert alerts[0]["labels"] == {"job": "rag", "severity": "critical", "team": "platform"}
    assert alerts[0]["value"] == 0
    assert alerts[0]["since"] == "2023-11-14T22:11:35Z"
    assert alerts[-1]["since"] is None


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ([], ExitCode.OK),
        (["--fail-on", "firing"], ExitCode.NO),
        (["--fail-on", "pending"], ExitCode.NO),
        (["--fail-on", "firing", "--severity", "warning"], ExitCode.OK),
        (["--fail-on", "pending", "--severity", "warning"], ExitCode.NO),
        (["--fail-on", "pending", "--severity", "info"], ExitCode.OK),
    ],
)
def test_the_exit_code_follows_what_was_asked(root: Path, argv: list[str], code: ExitCode) -> None:
    asked(root, *argv, code=code)


def test_states_can_be_chosen(root: Path) -> None:
    lines = out(asked(root, "--state", "inactive")).splitlines()
    assert len(lines) == 1 + QUIET
    assert out(asked(root, "--state", "pending")).splitlines()[1].startswith("BreakerOpen")


def test_reports_for_a_pipeline(root: Path, tmp_path: Path) -> None:
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    deps = asked(root, "--junit", "alerts.xml", environ=environ)
    suite = ET.parse(root / "alerts.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(len(ALERTS)), "1")
    assert "| ServiceDown | firing | critical |" in (tmp_path / "summary.md").read_text()
    assert "::error title=ServiceDown::No replica of rag answers." in err(deps)


def test_thresholds_and_scale_of_the_project_count(root: Path) -> None:
    (root / "slo.yaml").write_text("schema: wattos.slo/v1\nslos: []\n")
    (root / "wattos.toml").write_text('[alerts]\nslo_file = "slo.yaml"\ntime_scale = 60\n')
    deps = asked(root)
    assert f"2 firing, {QUIET} inactive" in err(deps)
    (root / "slo.yaml").write_text("schema: wattos.slo/v2\n")
    assert refused(root).exit_code == ExitCode.CONFIG
    assert refused(root, "--slo", "absent.yaml").exit_code == ExitCode.CONFIG


def test_old_metrics_are_told(root: Path) -> None:
    assert "nothing was scraped for 10m00s" in err(asked(root, time=FakeTime(NOW + 600)))


def test_without_metrics_there_is_nothing_to_judge(tmp_path: Path) -> None:
    write_running(tmp_path, {"name": "chat"})
    assert (refused(tmp_path).code, refused(tmp_path).exit_code) == ("no_metrics", ExitCode.UNREACHABLE)


def test_a_platform_that_was_stopped_is_not_called_quiet(root: Path) -> None:
    write_running(root)
    stopped = refused(root, "--fail-on", "firing")
    assert (stopped.code, stopped.exit_code) == ("platform_not_running", ExitCode.UNREACHABLE)
    assert "No replica of" in out(asked(root, "show", "ServiceDown")), "the runbook is for just then"


ALERT = {
    "labels": {"alertname": "DiskFull", "severity": "page", "instance": "db\x1b[31m"},
    "annotations": {"description": "97 %"},
    "state": "firing",
    "activeAt": "2023-11-14T22:08:20.123456789Z",
    "value": "9.7e+01",
}
RULE = {
    "name": "DiskFull",
    "type": "alerting",
    "labels": {"severity": "page"},
    "annotations": {"runbook_url": "https://r.example/disk"},
    "alerts": [ALERT],
}


def prometheus(http: FakeHttp, *rules: dict[str, Any]) -> None:
    body = {"status": "success", "data": {"groups": [{"name": "g", "rules": list(rules)}]}}
    http.answer(PROMETHEUS, "/api/v1/rules?type=alert", body)


def test_a_prometheus_has_rules_of_its_own(tmp_path: Path) -> None:
    http = FakeHttp()
    prometheus(http, RULE, {**RULE, "name": "Quiet", "alerts": []}, {"name": "r", "type": "recording"})
    deps = asked(tmp_path, "--prometheus", PROMETHEUS, http=http, json_output=True)
    first, second = published(out(deps))["alerts"]
    assert (first["name"], first["state"], first["value"]) == ("DiskFull", "firing", 97)
    assert first["since"].startswith("2023-11-14T22:08:20")
    assert (second["name"], second["state"], second["severity"]) == ("Quiet", "inactive", "page")
    table = out(asked(tmp_path, "--prometheus", PROMETHEUS, http=http))
    assert "4m59s  97 %" in table


def test_a_prometheus_cannot_control_the_terminal(tmp_path: Path) -> None:
    http = FakeHttp()
    prometheus(http, {**RULE, "alerts": [{**ALERT, "annotations": {"runbook_url": "https://r\x1b[2J"}}]})
    deps = asked(tmp_path, "--prometheus", PROMETHEUS, http=http)
    assert "what to do about DiskFull: https://r\\x1b[2J" in err(deps)
    assert "\x1b" not in out(deps) + err(deps)


@pytest.mark.parametrize(
    "groups",
    [5, [5], [{"rules": 5}], [{"rules": [{}]}], [{"rules": [{**RULE, "alerts": [{"labels": [1]}]}]}]],
    ids=["no list", "no group", "no rules", "no name", "no labels"],
)
def test_a_prometheus_that_answers_something_else_is_named(tmp_path: Path, groups: Any) -> None:
    http = FakeHttp()
    http.answer(PROMETHEUS, "/api/v1/rules?type=alert", {"status": "success", "data": {"groups": groups}})
    error = refused(tmp_path, "--prometheus", PROMETHEUS, http=http)
    assert (error.exit_code, error.code) == (ExitCode.UNREACHABLE, "prometheus_not_understood")


def test_an_alertmanager_says_what_is_muted(tmp_path: Path) -> None:
    http = FakeHttp()
    alert = {
        "labels": {"alertname": "ServiceDown", "severity": "critical", "job": "rag"},
        "annotations": {"summary": "rag is down"},
        "startsAt": "2023-11-14T22:08:20Z",
        "status": {"state": "suppressed"},
    }
    http.answer(ALERTMANAGER, "/api/v2/alerts", [alert])
    (tmp_path / "token").write_text("s3cret\n")
    deps = asked(tmp_path, "--alertmanager", ALERTMANAGER, "--token-file", "token", http=http)
    assert out(deps).splitlines()[1] == "ServiceDown  muted  critical  5m00s  rag is down"
    assert http.requests[0][4]["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(401, {}, b""), "refused the credentials"),
        (Reply(404, {}, b"no"), "does not speak its API"),
        (Reply(200, {}, b"{}"), "does not speak its API"),
        (Reply(200, {}, b"[1]"), "does not speak its API"),
        (Reply(200, {}, b'[{"labels": 5}]'), "does not speak its API"),
        (Reply(200, {}, b"[" * 100_000), "does not speak its API"),
        (None, "cannot be reached"),
    ],
)
def test_an_alertmanager_that_does_not_answer_is_named(
    tmp_path: Path, reply: Reply | None, said: str
) -> None:
    http = FakeHttp({} if reply is None else {(ALERTMANAGER, "/api/v2/alerts"): reply})
    error = refused(tmp_path, "--alertmanager", ALERTMANAGER, http=http)
    assert said in error.message
    assert error.exit_code == ExitCode.UNREACHABLE


@pytest.mark.parametrize(
    "argv",
    [
        ["--prometheus", PROMETHEUS, "--alertmanager", ALERTMANAGER],
        ["--token-file", "x"],
        ["--alertmanager", "alerts.example"],
    ],
)
def test_options_that_do_not_go_together(root: Path, argv: list[str]) -> None:
    assert refused(root, *argv).exit_code == ExitCode.USAGE


def test_that_nothing_fires_is_said_with_where_to_look(root: Path) -> None:
    deps = asked(root, "--severity", "info")
    assert out(deps) == ""
    quiet = sum(alert.severity == "info" for alert in ALERTS)
    told = f"nothing fires: {quiet} inactive   see them: wattos alerts --state inactive\n"
    assert err(deps) == told


def test_a_runbook_fits_the_terminal(root: Path) -> None:
    lines = out(asked(root, "show", "ServiceDown", terminal=True, width=60)).splitlines()
    assert max(map(len, lines[lines.index("# ServiceDown") :])) <= 60


def test_one_alert_is_shown_with_its_condition_and_its_runbook(root: Path) -> None:
    lines = out(asked(root, "show", "servicedown")).splitlines()
    assert lines[1].startswith("ServiceDown  firing")
    assert "critical, team platform, when it has held for 1m:" in lines
    assert "    max by (job) (up) == 0" in lines
    assert "# ServiceDown" in lines
    body = published(out(asked(root, "show", "BudgetBurnFast", json_output=True)))
    assert (body["waits_s"], body["alerts"][0]["state"]) == (120, "inactive")
    assert body["runbook"].startswith("# BudgetBurnFast")


def test_an_alert_is_shown_before_anything_was_scraped(tmp_path: Path) -> None:
    assert out(asked(tmp_path, "show", "CostUnknown")).startswith("warning, team models:")


def test_an_alert_that_is_none_is_named(root: Path) -> None:
    error = refused(root, "show", "ServiceDwn")
    assert error.exit_code == ExitCode.USAGE
    assert "Did you mean 'ServiceDown'?" in error.message
