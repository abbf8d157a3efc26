"""docs/defects.md: the defects of the original system that ours must not have, each with its tests.

A test names a defect by `defect-N`, in its id or in a comment. `python -m tests.defects` prints the page.
"""

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_MARK = re.compile(r"defect-(\d+)")

DEFECTS = {
    1: "a service crashes at its start because of how its logger is wired",
    2: "a service registers health routes without the part that answers them",
    3: "the rate limiter crashes at the first request",
    4: "chat cannot be started: its HTTP client is missing",
    5: "conversations cannot be loaded: an import is missing",
    6: "empty files are counted as services",
    7: "database metrics are never recorded",
    8: "commands of the project point to files that do not exist",
    9: "a proxied POST hangs",
    10: "the caller's identity is never sent to the services",
    11: "a route without a sub-path is not found",
    12: "half of the route table leads nowhere",
    13: "a token is verified twice, by rules that exclude each other",
    14: "authentication can be switched off in production",
    15: "the tenant is taken from a header and never compared with the token",
    16: "credentials are logged when no tenant is found",
    17: "the audit log stores passwords, only successes, and a wrong status and duration",
    18: "revocation is a 32-bit hash, fails open, and forgets",
    19: "tenants and flags can be read by anyone",
    20: "a refused origin is answered with an error of the server",
    21: "streams and sockets do not pass; compression holds them back",
    22: "a refused body may be answered twice",
    23: "figures are computed from columns that do not exist",
    24: "the login answers with the identity provider's token",
    25: "the metrics are not a valid exposition",
    26: "requests are counted twice",
    27: "histograms have no buckets, sums fall, labels have no bound",
    28: "the figures for people are always zero",
    29: "readiness and health are always 200",
    30: "two services ask each other for their health without end",
    31: "health checks run one after the other, longer than a probe waits",
    32: "a cache that nobody configured counts as down",
    33: "the request id is in no log and on no hop",
    34: "secrets are logged",
    35: "tracing is neither installed nor called",
    36: "alerts cannot fire",
    37: "there are no dashboards",
    38: "five tables of ports contradict each other",
    39: "logs are JSON in production only",
    40: "the breaker's window is never used",
    41: "a caller's mistakes open the breaker",
    42: "a probe that hangs blocks the breaker for ever",
    43: "retries know no jitter, budget or Retry-After",
    44: "retries are inside the breaker here and outside it there",
    45: "one service has breakers, which nobody can see or steer",
    46: "there is no bulkhead, no deadline and no drain",
    47: "the text search that should stand in for a lost vector search does not exist",
    48: "clearing one cache clears the whole store",
    49: "clearing a cache walks over every key of the store",
    50: "an empty answer is never cached, and a crowd asks at once",
    51: "cached searches ignore tenant, filters and model, and outlive what was ingested",
    52: "costs are a thousandth of what they are",
    53: "usage is not stored",
    54: "the requests to three of five providers are wrong",
    55: "each provider is asked for the same model name",
    56: "a stream is a finished answer cut into pieces",
    57: "chat and the model gateway disagree on a field's name, so that every question fails",
    58: "there are no tools, embeddings or structured answers",
    59: "the model gateway's rate limit is never applied",
    60: "a zero that was asked for is taken for nothing",
    61: "the chunker never ends",
    62: "redaction corrupts the text it redacts",
    63: "the vector search is asked in a way it cannot answer",
    64: "ingestion calls endpoints that do not exist",
    65: "the ingestion worker is never started and its status is invented",
    66: "PDF and Word are listed as supported and refused",
    67: "the crawler and the tools fetch from private addresses",
    68: "approvals are never asked for, kept in memory, and anybody's",
    69: "a failed run stays in the state running",
    70: "figures of agents that never ran are not numbers",
    71: "the start script ends at its first step",
    72: "the health script asks one address nine times",
    73: "figures of quality are invented",
    74: "secrets are copied into log folders",
    75: "the load test asks addresses that do not exist, and has no thresholds",
    76: "failed requests count among the times of the load test",
    77: "the pipeline's load test and end-to-end tests cannot fail a build",
}


def tests_by_defect() -> dict[int, list[str]]:
    """Return for each defect the tests that name it, as `file::test`."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    tests = ROOT / "tests"
    for path in sorted([*tests.rglob("test_*.py"), *tests.rglob("*_contract.py")]):
        text = path.read_text(encoding="utf-8")
        functions = _tests(text)
        for line_number, line in enumerate(text.splitlines(), start=1):
            for mark in _MARK.finditer(line):
                owner = next((name for last, name in functions if line_number <= last), functions[-1][1])
                found[int(mark[1])].add(f"{path.relative_to(ROOT)}::{owner}")
    return {number: sorted(names) for number, names in found.items()}


def _tests(text: str) -> list[tuple[int, str]]:
    """Return (last line, name) of each test in order; a mark belongs to the first test that ends after it."""
    functions = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return sorted(
        (node.end_lineno or node.lineno, node.name) for node in functions if node.name.startswith("test_")
    )


def page() -> str:
    """Return docs/defects.md."""
    tests = tests_by_defect()
    lines = [
        "<!-- Generated by `python -m tests.defects`; a test fails when it is stale. -->",
        "# Defects of the original system, and the tests that keep them out",
        "",
        "The platform this one replaces called itself production-ready; reading it found",
        f"{len(DEFECTS)} defects. Each that touches a part built here has tests that bear its number.",
        "",
        "| defect | what the original did | tests |",
        "|---|---|---|",
    ]
    for number, what in DEFECTS.items():
        if number in tests:
            shown = "<br>".join(f"`{name.removeprefix('tests/')}`" for name in tests[number])
            lines.append(f"| {number} | {what} | {shown} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
