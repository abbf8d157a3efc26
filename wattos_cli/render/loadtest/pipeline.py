"""The result of a load test as a pipeline shows it: Markdown, JUnit, annotations."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render import ci
from wattos_cli.render.junit import Case, junit
from wattos_cli.render.loadtest import rows
from wattos_cli.render.loadtest.figures import figure
from wattos_cli.render.loadtest.summary import comparison_gaps, limits, summary, what

_REGRESSION = "regression"
_SLOWEST_SHOWN = 5


def as_markdown(result: Mapping[str, Any]) -> str:
    """Return verdict, thresholds, requests and whatever else was found, for GITHUB_STEP_SUMMARY."""
    tables = [rows.requests(result), rows.streams(result)]
    compared = result["comparison"]
    if compared:
        tables += [rows.comparison(compared), rows.slower(compared)]
    if result["limit"]:
        tables.append(rows.steps(result["limit"]))
    tables.append(rows.slowest(result, _SLOWEST_SHOWN))
    gaps = comparison_gaps(compared) if compared else []
    first = rows.thresholds(result)._replace(title=f"wattos loadtest: {summary(result)}")
    lines = [
        _table(first),
        *(_table(table) for table in tables if table.rows),
        *(f"{ci.plain(line)}\n\n" for line in (*result["reasons"], *gaps, limits(result))),
    ]
    return "".join(lines)


def comparison_as_markdown(compared: Mapping[str, Any]) -> str:
    """Return how two runs compare, for GITHUB_STEP_SUMMARY."""
    first = rows.comparison(compared)._replace(title=f"wattos loadtest compare: {compared['verdict']}")
    tables = [table for table in (first, rows.slower(compared)) if table.rows]
    lines = (f"{ci.plain(line)}\n\n" for line in comparison_gaps(compared))
    return "".join([*map(_table, tables), *lines])


def as_junit(result: Mapping[str, Any]) -> str:
    """Return a test case per threshold, per compared figure, and one of the run itself; then the reasons."""
    missed = [
        Case(
            str(row["expression"]), 0.0, "" if row["ok"] else f"measured {figure(row['value'], row['unit'])}"
        )
        for row in result["thresholds"]
    ]
    cases = [*missed, *_compared(result["comparison"])]
    told = _of_the_run(result, [case for case in cases if case.failure])
    first = Case(f"{result['scenario']} is valid", float(result["duration_s"]), told)
    return junit(f"wattos loadtest {result['scenario']}", [first, *cases], "\n".join(result["reasons"]))


def _of_the_run(result: Mapping[str, Any], failed: Sequence[object]) -> str:
    """Return why the run is no pass, where nothing else has `failed` that says so."""
    if result["verdict"] == "invalid" or (result["verdict"] == "fail" and not failed):
        return "; ".join(result["reasons"]) or f"the verdict is {result['verdict']}"
    return ""


def comparison_as_junit(compared: Mapping[str, Any]) -> str:
    """Return a test case per compared figure."""
    return junit("wattos loadtest compare", _compared(compared))


def annotations(result: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Return a GitHub annotation per threshold that was missed, per regression, and for a failed run."""
    told = [
        f"{row['expression']}: measured {figure(row['value'], row['unit'])}"
        for row in result["thresholds"]
        if not row["ok"]
    ]
    told += [f"{case.name}: {case.failure}" for case in _compared(result["comparison"]) if case.failure]
    if _of_the_run(result, told):
        told += result["reasons"]
    title = f"wattos loadtest {result['scenario']}"
    return [line for line in (ci.annotation(environ, "error", title, message) for message in told) if line]


def _compared(compared: Mapping[str, Any] | None) -> list[Case]:
    if not compared:
        return []
    told = [*compared["rows"], *compared["by_name"]]
    cells = rows.comparison({"rows": told}).rows
    return [
        Case(f"{what(row)} is no worse than the baseline", 0.0, _failure(str(row["verdict"]), each))
        for row, each in zip(told, cells, strict=True)
    ]


def _failure(verdict: str, cells: Sequence[str]) -> str:
    _, baseline, now, change, between, _ = cells
    return f"{baseline} became {now}: {change} ({between})" if verdict == _REGRESSION else ""


def _table(told: rows.Table) -> str:
    return ci.markdown_table(told.title, told.head, told.rows)
