"""The pipeline of docs/how-to/github-actions.yml, run step by step as GitHub Actions would."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.fakes.running_project import REPOSITORY, RunningProject

pytestmark = pytest.mark.e2e

WORKFLOW = REPOSITORY / "docs" / "how-to" / "github-actions.yml"
PROVIDED = {"Install"}  # here the packages come from the checkout


class Pipeline:
    """The job's steps with a `run`; `done` keeps what each that ran wrote."""

    def __init__(self, project: RunningProject, folder: Path) -> None:
        self.project = project
        self.summary = folder / "summary.md"
        self.done: dict[str, subprocess.CompletedProcess[str]] = {}
        commands = folder / "bin"
        commands.mkdir(parents=True)
        (commands / "wattos").write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m wattos_cli "$@"\n'
        )
        (commands / "wattos").chmod(0o755)
        self._environ = {
            **project.process_environ(),
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def run(self, *, after: Mapping[str, tuple[str, ...]] | None = None) -> list[str]:
        """Run the steps as their conditions say; return the names of those that failed.

        `after` maps a step to a `wattos` command that breaks something once that step is done.
        """
        job = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["smoke"]
        failed: list[str] = []
        for step in job["steps"]:
            if "run" in step and step["name"] not in PROVIDED and _is_due(step, failed):
                self._step(step, failed)
                if after and step["name"] in after:
                    assert self.project.wattos(*after[step["name"]]).returncode == 0
        return failed

    def _step(self, step: Mapping[str, Any], failed: list[str]) -> None:
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=self.project.root,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        self.done[step["name"]] = done
        if done.returncode:
            failed.append(step["name"])


def _is_due(step: Mapping[str, Any], failed: list[str]) -> bool:
    condition = step.get("if", "success()")
    return {"success()": not failed, "failure()": bool(failed), "always()": True}[condition]


@pytest.fixture
def pipeline(project: RunningProject, tmp_path: Path) -> Pipeline:
    return Pipeline(project, tmp_path / "ci")


def test_a_good_build_passes(pipeline: Pipeline) -> None:
    failed = pipeline.run()
    assert failed == [], pipeline.done[failed[0]].stdout + pipeline.done[failed[0]].stderr
    assert list(pipeline.done) == ["Up", "Health", "Smoke", "Down"]
    reports = pipeline.project.root / "reports"
    result = json.loads((reports / "loadtest.json").read_text())
    assert (result["verdict"], result["failures"], result["requests"] > 10) == ("pass", 0, True)
    assert ET.fromstring((reports / "loadtest.xml").read_text()).get("failures") == "0"
    assert ET.fromstring((reports / "health.xml").read_text()).get("failures") == "0"
    summary = pipeline.summary.read_text()
    assert "### wattos health: " in summary
    assert "### wattos loadtest: smoke: pass" in summary
    assert pipeline.project.rows() == []


def test_a_build_without_its_chat_service_fails_and_leaves_logs(pipeline: Pipeline) -> None:
    assert pipeline.run(after={"Health": ("down", "chat")}) == ["Smoke"]
    assert list(pipeline.done) == ["Up", "Health", "Smoke", "Logs", "Down"]
    assert pipeline.done["Smoke"].returncode == 4
    assert "chat" in pipeline.done["Smoke"].stderr
    assert "service.started" in (pipeline.project.root / "reports" / "platform.log").read_text()
    assert pipeline.project.rows() == []
