"""The command line against a real platform: documents in, a cited answer out, JSON as published."""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.fakes.cli.schemas import published
from tests.fakes.project.running import RunningProject, wait_until

pytestmark = pytest.mark.e2e

TEXT = (
    "The library opens at nine.\n\nExit code 4 means that the platform is not running.\n\nThe bridge is red."
)


def good(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return published(done.stdout)


@pytest.fixture(scope="module", name="folder")
def _folder(platform: RunningProject) -> Path:
    docs = platform.root / "docs"
    (docs / "deep").mkdir(parents=True)
    (docs / "codes.md").write_text(TEXT)
    (docs / "deep" / "people.html").write_text("<p>Ada Lovelace wrote the first program.</p>")
    (docs / "deep" / "table.csv").write_text("fruit,price\npear,3\n")
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 this is none")
    return docs


def test_documents_in_answer_out(platform: RunningProject, folder: Path) -> None:
    first = platform.wattos("ingest", "docs", "-o", "json")
    rows = {Path(row["path"]).name: row for row in published(first.stdout)["documents"]}
    assert first.returncode == 1
    assert {name: row["status"] for name, row in rows.items()} == {
        "broken.pdf": "failed",
        "codes.md": "ready",
        "people.html": "ready",
        "table.csv": "ready",
    }
    assert rows["broken.pdf"]["error"]

    again = good(platform.wattos("ingest", "docs/codes.md", "-o", "json"))["documents"]
    assert [(row["unchanged"], row["document_id"]) for row in again] == [
        (True, rows["codes.md"]["document_id"])
    ]

    answer = good(platform.wattos("ask", "What does exit code 4 mean?", "-o", "json"))
    assert "platform is not running" in answer["answer"]
    cited = answer["citations"][0]
    assert cited["document"] == "docs/codes.md"
    assert TEXT[cited["start"] : cited["end"]] == cited["text"]
    shown = platform.wattos("ask", "Who wrote the first program?")
    assert "Ada Lovelace" in shown.stdout
    assert "[1] docs/deep/people.html" in shown.stdout

    def logged() -> set[str]:
        lines = platform.wattos("logs", "--trace", answer["trace_id"], "-o", "json").stdout
        return {json.loads(line)["service"] for line in lines.splitlines()}

    # The answer was streamed: a service's line on it follows its end.
    wait_until(lambda: logged() == {"gateway", "chat", "rag", "llm-gateway"}, "all have logged the question")


def test_credentials_come_and_go(platform: RunningProject) -> None:
    made = good(platform.wattos("token", "create", "--tenant", "other", "--role", "editor", "-o", "json"))
    base_url = f"{platform.url('gateway')}/v1"
    client = openai.OpenAI(base_url=base_url, api_key=made["token"], max_retries=0)
    assert "wattos-extractive" in {model.id for model in client.models.list()}
    good(platform.wattos("token", "revoke", made["id"], "-o", "json"))
    with pytest.raises(openai.AuthenticationError):
        client.models.list()
    refused = platform.wattos("token", "revoke", "no-such-id", "-o", "json")
    assert (refused.returncode, published(refused.stderr)["code"]) == (1, "token_not_found")
    variables = good(platform.wattos("env", "-o", "json"))["variables"]
    assert variables["OPENAI_BASE_URL"] == base_url
    client.close()


def test_what_the_operator_sees(platform: RunningProject) -> None:
    health = good(platform.wattos("health", "--wait", "-o", "json"))
    assert {row["name"] for row in health["services"]} == {"gateway", "chat", "rag", "llm-gateway", "agent"}
    assert health["info"]["providers"] == "local"
    for argv in (["doctor"], ["config", "show"], ["config", "validate"], ["completion", "bash"]):
        good(platform.wattos(*argv, "-o", "json"))
    bundle = good(platform.wattos("export", "out.tar.gz", "-o", "json"))
    with tarfile.open(platform.root / "out.tar.gz") as archive:
        assert len(archive.getnames()) == len(bundle["members"])


def test_nothing_to_talk_to_is_exit_4(project: RunningProject) -> None:
    for argv in (["health"], ["ask", "hi"], ["env"], ["token", "create"]):
        done = project.wattos(*argv, "-o", "json")
        assert (done.returncode, published(done.stderr)["code"]) == (4, "platform_not_running")
