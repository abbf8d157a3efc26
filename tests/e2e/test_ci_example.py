"""The pipelines of docs/how-to, run step by step as GitHub Actions and GitLab would."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.fakes.project.running import REPOSITORY, RunningProject

pytestmark = pytest.mark.e2e

HOW_TO = REPOSITORY / "docs" / "how-to"
GITHUB = yaml.safe_load((HOW_TO / "github-actions.yml").read_text(encoding="utf-8"))["jobs"]["smoke"]
GITLAB = yaml.safe_load((HOW_TO / "gitlab-ci.yml").read_text(encoding="utf-8"))["platform"]
PROVIDED = {"Install"}  # here the packages come from the checkout
_COMMAND = re.compile(r"^ *(wattos .*)$", re.MULTILINE)


class Pipeline:
    """A job in a fresh project; `done` keeps what each step that ran wrote."""

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
        }

    def github(self, *, after: Mapping[str, tuple[str, ...]] | None = None) -> list[str]:
        """Run the steps as their conditions say; return the names of those that failed.

        `after` maps a step to a `wattos` command that breaks something once that step is done.
        """
        failed: list[str] = []
        environ = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(self.summary)}
        for step in GITHUB["steps"]:
            if "run" in step and step["name"] not in PROVIDED and _is_due(step, failed):
                if self.shell(step["name"], step["run"], environ).returncode:
                    failed.append(step["name"])
                if after and step["name"] in after:
                    assert self.project.wattos(*after[step["name"]]).returncode == 0
        return failed

    def gitlab(self, *, broken: tuple[str, ...]) -> str:
        """Run the job, in which `broken` follows the check of its health; return its state."""
        environ = {"GITLAB_CI": "true"}
        lines = list(GITLAB["script"])
        lines.insert(lines.index(next(line for line in lines if "health" in line)) + 1, shlex.join(broken))
        state = "failed" if self.shell("script", "\n".join(lines), environ).returncode else "success"
        after = "\n".join(GITLAB["after_script"])
        self.shell("after_script", after, {**environ, "CI_JOB_STATUS": state})
        return state

    def shell(self, name: str, script: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run `script` as the runners do: it ends with the first command that fails."""
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.project.root,
            env={**self._environ, **environ},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        self.done[name] = done
        return done


def _is_due(step: Mapping[str, Any], failed: list[str]) -> bool:
    condition = step.get("if", "success()")
    return {"success()": not failed, "failure()": bool(failed), "always()": True}[condition]


@pytest.fixture
def pipeline(project: RunningProject, tmp_path: Path) -> Pipeline:
    return Pipeline(project, tmp_path / "ci")


def test_a_good_build_passes(pipeline: Pipeline) -> None:
    failed = pipeline.github()
    assert failed == [], pipeline.done[failed[0]].stdout + pipeline.done[failed[0]].stderr
    assert list(pipeline.done) == ["Up", "Health", "Smoke", "Drill", "Down"]
    reports = pipeline.project.root / "reports"
    result = json.loads((reports / "loadtest" / "result.json").read_text())
    assert (result["verdict"], result["failures"], result["requests"] > 10) == ("pass", 0, True)
    for report in GITLAB["artifacts"]["reports"]["junit"]:
        assert ET.parse(pipeline.project.root / report).getroot().get("failures") == "0", report
    summary = pipeline.summary.read_text()
    assert "### wattos health: " in summary
    assert "### wattos loadtest: smoke: pass" in summary
    assert "### wattos drill: llm-outage: pass" in summary
    assert pipeline.project.rows() == []


def test_a_build_without_its_chat_service_fails_and_leaves_what_happened(pipeline: Pipeline) -> None:
    # defect-77
    assert pipeline.github(after={"Health": ("down", "chat")}) == ["Smoke"]
    assert list(pipeline.done) == ["Up", "Health", "Smoke", "Logs", "Down"]
    assert pipeline.done["Smoke"].returncode == 4
    assert "chat" in pipeline.done["Smoke"].stderr
    assert (pipeline.project.root / "reports" / "platform.tar.gz").stat().st_size > 0
    assert pipeline.project.rows() == []


def test_gitlab_says_the_same(pipeline: Pipeline) -> None:  # defect-77
    assert pipeline.gitlab(broken=("wattos", "down", "chat")) == "failed"
    told = pipeline.done["script"].stderr
    assert re.search(r"section_start:\d+:wattos_loadtest_\d+$", told, re.MULTILINE)
    assert "the target is not there: chat is not running" in told
    assert re.search(
        r"section_start:\d+:wattos_logs_\d+\[collapsed=true\]", pipeline.done["after_script"].stderr
    )
    assert (pipeline.project.root / "reports" / "platform.tar.gz").stat().st_size > 0
    assert pipeline.project.rows() == []


def test_both_pipelines_type_the_same_commands() -> None:
    steps = "\n".join(step["run"] for step in GITHUB["steps"] if "run" in step)
    job = "\n".join([*GITLAB["script"], *GITLAB["after_script"]])
    assert _COMMAND.findall(steps) == _COMMAND.findall(job)
