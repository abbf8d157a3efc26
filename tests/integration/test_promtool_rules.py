"""The committed rules in the hands of promtool: every alert fires, and stays silent, as its cases say."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from wattos_cli.alerting.catalogue import ALERTS

# Days of series are evaluated, which keeps a processor busy: beside others that takes a while.
pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]

# It is a program in Go, which would clean up after itself for a third of that time.
ENVIRON = {**os.environ, "GOGC": "1000"}

FOLDER = Path(__file__).resolve().parents[2] / "dashboards" / "prometheus"


def promtool(*argv: str | Path) -> str:
    assert shutil.which("promtool"), "promtool is not installed: apt-get install -y prometheus"
    done = subprocess.run(
        ["promtool", *argv],
        env=ENVIRON,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_promtool_takes_the_rules() -> None:
    said = promtool("check", "rules", FOLDER / "rules.yml", FOLDER / "alerts.yml")
    assert f"{len(ALERTS)} rules found" in said


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_fires_and_stays_silent_as_its_cases_say(alert) -> None:
    assert "SUCCESS" in promtool("test", "rules", FOLDER / "tests" / f"{alert.name}.yml")
