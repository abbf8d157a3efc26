"""What became of assertions on metrics: for people, as JSON, as JUnit XML, as annotations."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render import ci, text
from wattos_cli.render.junit import Case, junit
from wattos_cli.render.metric_answers import shortened, written
from wattos_cli.render.safe import visible

SCHEMA = "wattos.metrics-assert/v1"
_MOST_LISTED = 20

# One assertion: `expression` as it was typed, `ok`, `reason` (empty when it holds) and `series`.
Judged = Mapping[str, Any]


def as_json(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return `wattos.metrics-assert/v1`."""
    return {"schema": SCHEMA, "ok": all(each["ok"] for each in judged), "assertions": list(judged)}


def as_text(judged: Judged, *, color: bool) -> str:
    """Return the verdict, and below it each series that is to blame (or the values, when it holds)."""
    word = text.status("ok" if judged["ok"] else "failed", enabled=color)
    lines = [f"{word}  {visible(judged['expression'])}{'' if judged['ok'] else ': ' + judged['reason']}"]
    shown = [row for row in judged["series"] if row["ok"] == judged["ok"]]
    lines += [
        f"  {shortened(row['value'])}  {visible(written(row['metric']))}" for row in shown[:_MOST_LISTED]
    ]
    if len(shown) > _MOST_LISTED:
        lines.append(f"  and {len(shown) - _MOST_LISTED} more")
    return "\n".join(lines)


def as_junit(judged: Sequence[Judged]) -> str:
    """Return JUnit XML, a test case for each assertion."""
    return junit("wattos metrics query", [Case(each["expression"], 0.0, _failure(each)) for each in judged])


def as_markdown(judged: Sequence[Judged]) -> str:
    """Return the table for GITHUB_STEP_SUMMARY."""
    failed = sum(1 for each in judged if not each["ok"])
    rows = [(each["expression"], "ok" if each["ok"] else "failed", _failure(each)) for each in judged]
    return ci.markdown_table(f"wattos metrics: {failed} assertions failed", ("ASSERTION", "", "WHY"), rows)


def annotations(judged: Sequence[Judged], environ: Mapping[str, str]) -> list[str]:
    """Return a GitHub annotation for each assertion that does not hold."""
    lines = [
        ci.annotation(environ, "error", each["expression"], _failure(each))
        for each in judged
        if not each["ok"]
    ]
    return [line for line in lines if line]


def _failure(judged: Judged) -> str:
    bad = [f"{shortened(row['value'])} {written(row['metric'])}" for row in judged["series"] if not row["ok"]]
    return (
        ""
        if judged["ok"]
        else ": ".join([judged["reason"], *([", ".join(bad[:_MOST_LISTED])] if bad else [])])
    )
