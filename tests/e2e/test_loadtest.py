"""`wattos loadtest` against a real platform: it decides, it reports, and it leaves nothing behind."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from tests.fakes.project.callers import caller, new_space, operator
from tests.fakes.project.running import RunningProject, wait_until

pytestmark = pytest.mark.e2e
SCHEMA = Path(__file__).resolve().parents[2] / "docs/reference/schemas/wattos.loadtest.v1.json"
# A machine that runs many tests at once answers late: thresholds here say what is wrong, not what is slow.
ALL_WELL = ("--threshold", "errors:rate<1%", "--threshold", "p95<20s")


def result_in(file: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(file.read_text())
    jsonschema.validate(result, json.loads(SCHEMA.read_text()))
    return result


@pytest.mark.alone
def test_smoke_holds_its_thresholds_and_reports_in_every_form(  # defect-75
    standing: RunningProject, tmp_path: Path
) -> None:
    done = standing.wattos("loadtest", "smoke", "--duration", "12s", "--report", str(tmp_path / "out"))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "smoke: pass" in done.stdout
    result = result_in(tmp_path / "out" / "result.json")
    assert (result["verdict"], result["failures"]) == ("pass", 0)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "result.json", "junit.xml", "summary.md", "report.html",
    }  # fmt: skip
    assert {row["name"].split()[1] for row in result["by_name"]} >= {"/api/v1/search", "/v1/chat/completions"}
    assert result["ttft_ms"]["p50"] > 0
    assert result["tokens"]["output"] > 0
    assert all(len(slow["trace_id"]) == 32 for slow in result["slowest"])
    assert "Requests" in {chart["title"] for chart in result["server"]}
    assert result["environment"]["machine"]["id"]
    assert "wk_" not in done.stdout + done.stderr + (tmp_path / "out" / "result.json").read_text()


@pytest.mark.alone
def test_arrivals_by_a_rate_and_a_baseline(standing: RunningProject, tmp_path: Path) -> None:
    main, now = tmp_path / "main.json", tmp_path / "now.json"
    argv = (
        "loadtest",
        "chat-stream",
        "--rate",
        "5",
        "--engine",
        "fast",
        "--duration",
        "12s",
        "-q",
        *ALL_WELL,
    )
    first = standing.wattos(*argv, "--json", str(main))
    assert first.returncode == 0, f"{first.stdout}\n{first.stderr}"
    baseline = result_in(main)
    assert baseline["load"]["arrivals"]["shape"] == "constant"
    assert baseline["arrivals"]["intended"] == 60
    assert baseline["requests"] + baseline["arrivals"]["dropped"] == 60
    # On a machine that does other things meanwhile an equal run may be slower; it is compared all the same.
    second = standing.wattos(*argv, "--baseline", str(main), "--json", str(now))
    compared = result_in(now)["comparison"]
    assert second.returncode == (1 if compared["verdict"] == "regression" else 0), second.stderr
    assert {row["metric"] for row in compared["rows"]} >= {"latency p50", "latency p95", "ttft p50"}
    other = standing.wattos(*argv, "--users", "3", "--baseline", str(main))
    assert other.returncode == 4
    assert "another load (users)" in other.stderr


def left(standing: RunningProject) -> dict[str, int]:
    """Count what users of load tests have made that is still there, and their keys that nobody revoked."""
    counts = {}
    for service, table, those in (
        ("chat", "conversations", ""),
        ("rag", "spaces", ""),
        ("agent", "runs", ""),
        ("gateway", "api_keys", "AND revoked_at IS NULL"),
    ):
        file = standing.root / ".wattos" / "data" / f"{service}.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            rows = database.execute(f"SELECT count(*) FROM {table} WHERE tenant = 'loadtest' {those}")
            counts[table] = rows.fetchone()[0]
    return counts


@pytest.mark.parametrize(
    ("killed", "code", "reason"),
    [
        pytest.param(False, 130, "interrupted after ", id="ctrl-c"),
        pytest.param(True, 4, "the load generator broke off (it was killed by SIGKILL)", id="its-generator"),
    ],
)
def test_one_that_is_ended_reports_what_ran_and_leaves_nothing(
    standing: RunningProject, tmp_path: Path, killed: bool, code: int, reason: str
) -> None:
    file = tmp_path / "r.json"
    before = left(standing)
    command = ["loadtest", "smoke", "--users", "5", "--duration", "50s", "--json", str(file)]
    running = subprocess.Popen(
        [sys.executable, "-P", "-m", "wattos_cli", *command],
        cwd=standing.root,
        env=standing.process_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    told = next((line for line in running.stderr if " s of 50 s: 5 users" in line), "")
    assert told, "what is stopped has begun"
    children = psutil.Process(running.pid).children(recursive=True)
    assert children
    wait_until(
        lambda: left(standing)["spaces"] and left(standing)["conversations"], "its users made something", 40
    )
    if killed:
        for child in children:
            child.kill()
    else:
        running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=200)
    assert running.returncode == code, f"{out}\n{err}"
    result = result_in(file)
    assert result["verdict"] == "invalid"
    assert result["reasons"][0].startswith(reason)
    assert "smoke: invalid" in out
    assert [child for child in children if child.is_running()] == []
    assert {what: count for what, count in left(standing).items() if count > before[what]} == {}


def test_what_a_killed_one_has_left_goes_before_the_next(standing: RunningProject) -> None:
    who = {"tenant": "loadtest", "user": "loadtest-1"}
    with caller(standing, **who) as user:
        run = user.post("/api/v1/agents/meeting/runs", json={"input": "Who is late?"}).json()["id"]
        talk = user.post("/api/v1/conversations", json={"title": "load test"}).json()["id"]
        space = new_space(user, "loadtest-of-a-killed-run")
        made = [f"/api/v1/runs/{run}", f"/api/v1/conversations/{talk}", f"/api/v1/knowledge-spaces/{space}"]
        wait_until(lambda: user.get(made[0]).json()["status"] == "completed", "the run ends", 120)
        assert [user.get(path).status_code for path in made] == [200, 200, 200]
    with operator(standing) as ops:
        for key in ops.get("/admin/tokens?tenant=loadtest&revoked=false").json()["items"]:
            ops.post("/admin/tokens/revoke", json={"id": key["id"]})
        left = ops.post("/admin/tokens", json={**who, "role": "admin", "ttl_s": 1}).json()
    expiry_s = datetime.fromisoformat(left["expires_at"]).timestamp()
    wait_until(lambda: time.time() > expiry_s, "the key of the killed run expires", 60)
    done = standing.wattos("loadtest", "chat-stream", "--users", "1", "--duration", "1s", *ALL_WELL)
    assert "cleared what earlier load tests and drills had left: " in done.stderr
    with caller(standing, **who, ttl_s=60) as user:
        assert [user.get(path).status_code for path in made] == [404, 404, 404]


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("smok",), 2, "Did you mean 'smoke'?"),
        (("smoke", "--users", "0"), 2, "--users 0: expected 1 to 1000"),
        (("smoke", "--rate", "-5"), 2, "--rate: a negative number makes no load at column 1"),
        (("smoke", "--stages", "30s:x"), 2, "--stages: expected a number at column 5"),
        (("smoke", "--threshold", "p95<"), 2, "--threshold: expected a number at column 5"),
        (("smoke", "--host", "http://127.0.0.1:9"), 4, "http://127.0.0.1:9"),
        (("smoke", "--model", "gpt-nobody-serves"), 2, "--model gpt-nobody-serves: "),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else str(value)[:20],
)
def test_what_is_wrong_is_told_before_anything_starts(
    standing: RunningProject, argv: tuple[str, ...], code: int, says: str
) -> None:
    done = standing.wattos("loadtest", *argv)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert done.stdout == ""


def test_nothing_runs_here(project: RunningProject) -> None:
    done = project.wattos("loadtest", "smoke")
    assert done.returncode == 4
    assert "the platform is not running" in done.stderr
