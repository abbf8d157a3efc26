"""Prompts: as long as people's are, different, and the same again from the same dice."""

import importlib
import sys
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any

import pytest

LOADTESTS = Path(__file__).resolve().parents[3] / "loadtests"


@pytest.fixture
def prompts(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(LOADTESTS))
    for name in [name for name in sys.modules if name.partition(".")[0] == "journeys"]:
        monkeypatch.delitem(sys.modules, name)
    return importlib.import_module("journeys.prompts")


def test_lengths_are_those_of_public_conversations(prompts: Any) -> None:
    rng = Random(1)
    lengths = [prompts.length(rng) for _ in range(50_000)]
    assert median(lengths) == pytest.approx(25, abs=1)
    assert mean(lengths) == pytest.approx(69.5, rel=0.15)  # a little less: the longest are cut
    assert min(lengths) == 4
    assert max(lengths) == 1000


def test_questions_differ_and_repeat_with_their_dice(prompts: Any) -> None:
    rng = Random(7)
    written = [prompts.question(rng) for _ in range(200)]
    assert len(set(written)) == 200
    again = Random(7)
    assert [prompts.question(again) for _ in range(200)] == written
    assert all(text.endswith(prompts.QUESTIONS) for text in written)


def test_a_search_stays_within_what_a_search_takes(prompts: Any) -> None:
    rng = Random(3)
    assert max(len(prompts.question(rng, 400)) for _ in range(5000)) <= 4000
