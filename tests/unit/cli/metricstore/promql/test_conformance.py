"""Upstream's test scripts; docs/reference/promql.md tells the results."""

import sys

import pytest

from tests.promqltest.page import PAGE, folder, outcomes, page
from tests.promqltest.run import run

LEAST = 0.95


def test_the_engine_agrees_with_upstreams_scripts_and_the_page_says_how_far(capsys):
    scripts = folder()
    if not scripts.is_dir():
        with capsys.disabled():
            sys.stderr.write(f"\nNOT RUN: no scripts of promqltest in {scripts}\n")
        return
    results = outcomes(scripts)
    statuses = [outcome.status for found in results.values() for outcome in found]
    passed, failed = statuses.count("passed"), statuses.count("failed")
    assert passed >= LEAST * (passed + failed)
    assert PAGE.read_text(encoding="utf-8") == page(scripts, results), "run: make docs"


SCRIPT = """
load 1m
  requests_total{job="a"} 0+60x5 stale
  requests_total{job="b"} 0 _ 5x2
  native {{schema:0 sum:1 count:1}}x5
  text_total{le="x"} 1x5

"""


SORTED_WRONGLY = """
  requests_total{job="a"} 300
  requests_total{job="b"} 5
""".lstrip("\n")


@pytest.mark.parametrize(
    ("evaluation", "status"),
    [
        ("eval instant at 5m sum(requests_total)\n  {} 305", "passed"),
        ("eval instant at 5m sum(requests_total)\n  {} 306", "failed"),
        ('eval instant at 5m requests_total\n  requests_total{job="a"} 300', "failed"),
        ('eval instant at 6m requests_total\n  requests_total{job="b"} 5', "passed"),
        ("eval instant at 5m count(requests_total)\n  expect warn\n  {} 2", "failed"),
        ('eval instant at 5m rate(text_total[5m])\n  expect no_info\n  {le="x"} 0', "passed"),
        ("eval instant at 5m quantile(2, requests_total)\n  expect warn regex: 2 .*1:10\n  {} Inf", "passed"),
        ("eval instant at 5m quantile(2, requests_total)\n  expect no_warn\n  {} Inf", "failed"),
        ("eval instant at 5m sort(requests_total)\n  expect ordered\n" + SORTED_WRONGLY, "failed"),
        ("eval instant at 0 requests_total + on() requests_total\n  expect fail", "passed"),
        ("eval instant at 0 1 + 1\n  expect fail", "failed"),
        ("eval instant at 0 rate(1)\n  1", "failed"),
        ("eval instant at 0 1 + 1\n  2", "passed"),
        ('eval instant at 0 "a"\n  expect string "a"', "passed"),
        ("eval range from 0 to 2m step 1m sum(requests_total)\n  {} 0 60 125", "passed"),
        ("eval range from 0 to 2m step 1m sum(requests_total)\n  {} 0 60 _", "failed"),
        ("eval instant at 5m native\n  {} 1", "native histogram"),
    ],
)  # fmt: skip
def test_the_runner_tells_right_from_wrong(evaluation, status):
    assert [outcome.status for outcome in run(SCRIPT + evaluation)] == [status]


def test_a_line_that_is_no_command_is_named():
    with pytest.raises(ValueError, match="line 2: expected load, clear or eval"):
        list(run("\nnonsense"))
