"""The main job on real input: our own documentation in, cited answers out."""

import json
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.running_project import RunningProject

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = tomllib.loads((Path(__file__).parent / "data" / "questions.toml").read_text(encoding="utf-8"))
RIGHT_SHARE = 0.8
AT_ONCE = 2


@pytest.fixture(scope="module")
def documented(platform: RunningProject) -> RunningProject:
    done = platform.wattos("ingest", str(ROOT / "docs"))
    assert done.returncode == 0, done.stderr
    platform.environ["WATTOS_TOKEN"] = platform.wattos(
        "token", "create", "--tenant", "default", "--role", "editor", "-q"
    ).stdout.strip()
    return platform


def ask(platform: RunningProject, question: str) -> dict[str, Any]:
    done = platform.wattos("ask", question, "-o", "json")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def ask_all(platform: RunningProject, questions: list[str]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda question: ask(platform, question), questions))


def test_the_readme_question_is_answered_with_a_sentence_and_its_citation(documented: RunningProject) -> None:
    answer = ask(documented, "Which exit code means the platform is not running?")
    first = answer["citations"][0]
    assert first["document"] == "reference/exit-codes.md"
    assert "4" in answer["answer"]
    assert (
        first["text"]
        == (ROOT / "docs" / first["document"]).read_text(encoding="utf-8")[first["start"] : first["end"]]
    )


def test_the_right_document_is_cited_first(documented: RunningProject) -> None:
    rows = QUESTIONS["answerable"]
    assert len(rows) == 30
    answers = ask_all(documented, [row["question"] for row in rows])
    wrong = {
        row["question"]: [citation["document"] for citation in answer["citations"]]
        for row, answer in zip(rows, answers, strict=True)
        if not answer["citations"] or answer["citations"][0]["document"] not in row["documents"]
    }
    assert 1 - len(wrong) / len(rows) >= RIGHT_SHARE, wrong


def test_a_question_without_an_answer_is_said_to_have_none(documented: RunningProject) -> None:
    answers = ask_all(documented, QUESTIONS["unanswerable"])
    cited = {
        q: a["answer"] for q, a in zip(QUESTIONS["unanswerable"], answers, strict=True) if a["citations"]
    }
    assert cited == {}
