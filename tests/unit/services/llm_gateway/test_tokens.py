"""The estimator of tokens: its published error, and that it never does anything absurd."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.contracts.chat import Passage
from wattos_platform.services.llm_gateway.domain.chat_request import parse_chat
from wattos_platform.services.llm_gateway.domain.tokens import estimate, estimate_prompt, estimated_usage

ROOT = Path(__file__).resolve().parents[4]
SAMPLES = tomllib.loads((Path(__file__).parent / "data" / "token_counts.toml").read_text(encoding="utf-8"))[
    "sample"
]
VOCABULARY = "o200k_base"
MEAN_LIMIT, WORST_LIMIT = 0.15, 0.30


def error(sample, vocabulary=VOCABULARY) -> float:
    return abs(estimate(sample["text"].removesuffix("\n")) / sample[vocabulary] - 1)


def table() -> list[str]:
    """Return the rows that docs/services/llm-gateway.md publishes."""
    errors = defaultdict(list)
    for sample in SAMPLES:
        errors[sample["kind"]].append(error(sample))
    errors["all"] = [error(sample) for sample in SAMPLES]
    return [
        f"| {kind} | {len(found)} | {100 * sum(found) / len(found):.1f} % | {100 * max(found):.1f} % |"
        for kind, found in errors.items()
    ]


def test_the_error_is_the_published_one():
    page = (ROOT / "docs/services/llm-gateway.md").read_text(encoding="utf-8")
    published = re.findall(r"^\| [a-z]+ \| \d+ \| [\d.]+ % \| [\d.]+ % \|$", page, re.MULTILINE)
    assert published == table()


def test_the_error_is_small_on_the_whole_and_bounded_on_each():
    errors = [error(sample) for sample in SAMPLES]
    assert sum(errors) / len(errors) <= MEAN_LIMIT
    assert max(errors) <= WORST_LIMIT


def test_an_older_vocabulary_is_not_far_off():
    errors = [error(sample, "cl100k_base") for sample in SAMPLES]
    assert sum(errors) / len(errors) <= 0.20
    assert max(errors) <= 0.50


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" ", 1),
        ("hello", 1),
        ("hello, world!", 3),
        ("日本", 1),
        ("Grüße", 3),
        ("\ud800", 1),
        ("we do it if it is so", 6),
    ],
)
def test_short_texts(text, tokens):
    assert estimate(text) == tokens


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens_and_never_more_than_its_bytes(text, more):
    first, both = estimate(text), estimate(text + more)
    assert 0 <= first <= both
    assert (first > 0) == bool(text)
    assert both <= 2 * len((text + more).encode("utf-8", "replace"))


def test_a_prompt_counts_texts_pictures_and_frames():
    user = {"role": "user", "content": "hello"}
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 10_000}}
    parts = {"role": "user", "content": [{"type": "text", "text": "hello"}, picture]}
    assert estimate_prompt([user]) == 5
    assert estimate_prompt([parts]) == 5 + 765
    assert estimate_prompt([user], ["hello hello"]) == 7


def test_an_estimated_usage_says_so_and_counts_passages_and_tools():
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    plain = estimated_usage(parse_chat(body), "hello")
    assert (plain.prompt, plain.completion, plain.estimated) == (5, 1, True)
    passage = Passage(id="p", document_id="d", document="a", start=0, end=1, text="hello").model_dump()
    assert estimated_usage(parse_chat({**body, "wattos_context": [passage]}), "").prompt > plain.prompt
    tool = {"type": "function", "function": {"name": "weather"}}
    assert estimated_usage(parse_chat({**body, "tools": [tool]}), "").prompt > plain.prompt
