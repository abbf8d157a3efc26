"""The main job on real input: our own documentation in, cited answers out."""

import json
import shutil
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.project.callers import caller
from tests.fakes.project.running import RunningProject, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.long(120), pytest.mark.timeout(500)]

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = tomllib.loads((Path(__file__).parent / "data" / "questions.toml").read_text(encoding="utf-8"))
RIGHT_SHARE = 0.8
AT_ONCE = 2
EMBEDDED_S = 300.0


@pytest.fixture(scope="module")
def documented(platform: RunningProject) -> RunningProject:
    """The platform that has taken in our pages, and has a vector of every part of them."""
    shutil.copytree(ROOT / "docs", platform.root / "docs", ignore=shutil.ignore_patterns("schemas"))
    done = platform.wattos("ingest", "docs")
    assert done.returncode == 0, done.stderr
    with caller(platform, "default") as client:
        wait_until(lambda: without_vector(client) == 0, "every chunk has a vector", EMBEDDED_S)
    return platform


def without_vector(client: httpx.Client) -> int:
    """Return how many chunks of the space `default` can be found by their words alone as yet."""
    (space,) = [each["id"] for each in listed(client, "knowledge-spaces") if each["name"] == "default"]
    documents = listed(client, f"knowledge-spaces/{space}/documents")
    return sum(each["chunks_without_vector"] for each in documents)


@pytest.fixture(scope="module")
def asker(documented: RunningProject) -> Iterator[httpx.Client]:
    """A client of the gateway: sixty questions as sixty commands would mostly measure interpreters."""
    with caller(documented, "default") as client:
        yield client


def call(client: httpx.Client, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    answer = client.request(method, path, json=body)
    assert answer.is_success, answer.text
    told: dict[str, Any] = answer.json()
    return told


def listed(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    """Return all items of a list."""
    items: list[dict[str, Any]] = []
    where: str | None = ""
    while where is not None:
        page = call(client, "GET", f"/api/v1/{path}?limit=100{where}")
        items += page["items"]
        where = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return items


def citations(client: httpx.Client, questions: list[str]) -> dict[str, list[str]]:
    """Return for each question the documents that its answer cites, in order."""
    (space,) = [each["id"] for each in listed(client, "knowledge-spaces") if each["name"] == "default"]

    def cited(question: str) -> list[str]:
        conversation = call(client, "POST", "/api/v1/conversations", {"knowledge_space_id": space})["id"]
        answer = call(client, "POST", f"/api/v1/conversations/{conversation}/messages", {"content": question})
        return [citation["document"] for citation in answer["citations"]]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(questions, pool.map(cited, questions), strict=True))


def test_the_readme_question_is_answered_with_a_sentence_and_its_citation(documented: RunningProject) -> None:
    done = documented.wattos("ask", "Which exit code means the platform is not running?", "-o", "json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["answer"].startswith("Exit code 4 means")
    first = answer["citations"][0]
    assert first["document"] == "docs/reference/exit-codes.md"
    source = (ROOT / first["document"]).read_text(encoding="utf-8")
    assert first["text"] == source[first["start"] : first["end"]]


def test_the_right_document_is_cited_first(asker: httpx.Client) -> None:
    right = {row["question"]: row["documents"] for row in QUESTIONS["answerable"]}
    assert len(right) == 30
    cited = citations(asker, list(right))
    wrong = {
        question: found for question, found in cited.items() if not set(found[:1]) & set(right[question])
    }
    assert 1 - len(wrong) / len(right) >= RIGHT_SHARE, wrong


def test_a_question_without_an_answer_is_said_to_have_none(asker: httpx.Client) -> None:
    assert {q: found for q, found in citations(asker, QUESTIONS["unanswerable"]).items() if found} == {}
