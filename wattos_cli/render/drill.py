"""Drills and what became of them (`wattos.drill/v1`) as lines, table, Markdown and JUnit."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from wattos_cli.render import ci, text
from wattos_cli.render.junit import Case, junit
from wattos_cli.render.safe import visible

_STEPS = ("AT", "STEP", "RESULT", "FOUND")
_ERRORS_SHOWN = 10
_TOLD_AT = 14
"""The column from which on a step is told."""
_NARROWEST = 12
_FIGURES: Mapping[str, tuple[str, str]] = {
    "detect_s": ("time to detect", " s"),
    "open_s": ("time to open", " s"),
    "recover_s": ("time to recover", " s"),
    "requests": ("requests", ""),
    "user_errors": ("user-visible errors", ""),
    "unanswered": ("without any answer", ""),
    "longest_s": ("longest request", " s"),
    "fallbacks": ("fallbacks", ""),
    "restarts": ("restarts", ""),
    "retry_amplification": ("retry amplification", "x"),
}


def step_line(step: Mapping[str, Any], *, color: bool, width: int = 0) -> str:
    """Return one step as it is told while the drill runs, broken between words to fit `width` (0: never)."""
    word = text.status("ok" if step["ok"] else "failed", enabled=color)
    detail = f"  ({visible(step['detail'])})" if step["detail"] else ""
    said = f"{visible(step['name'])}{detail}"
    if width:
        lines = textwrap.wrap(said, max(width - _TOLD_AT, _NARROWEST), break_long_words=False)
        said = f"\n{' ' * _TOLD_AT}".join(lines)
    return f"{step['at_s']:6.1f} s  {word}  {said}"


def phase_line(name: str, at_s: float, longest_s: float) -> str:
    """Return how it is told that a phase begins."""
    return f"{at_s:6.1f} s  --  {name}, up to {longest_s:g} s"


def as_list(rows: Sequence[tuple[str, str, str]], *, width: int, color: bool) -> str:
    """Return the drills there are as a table: name, what `up` must start for it, what breaks."""
    return text.table(("DRILL", "NEEDS", "WHAT BREAKS"), rows, width=width, color=color)


def as_text(result: Mapping[str, Any], *, color: bool) -> str:
    """Return the verdict, what failed, and the figures; the steps were told as they happened."""
    bad = [step_line(step, color=color) for step in result["steps"] if not step["ok"]]
    figures = [f"  {name:20}  {value}" for name, value in figure_rows(result)]
    return "\n".join([summary(result), *bad, *figures, *(f"  {line}" for line in _errors(result))])


def summary(result: Mapping[str, Any]) -> str:
    """Return the verdict in one line, and why."""
    bad = sum(1 for step in result["steps"] if not step["ok"])
    why = visible(result["reason"]) or (f"{bad} of {len(result['steps'])} steps failed" if bad else "")
    return (
        f"{result['drill']}: {result['verdict']} in {result['duration_s']:.1f} s{f', {why}' if why else ''}"
    )


def _errors(result: Mapping[str, Any]) -> list[str]:
    """Return what users saw, the most frequent first."""
    return [f"{row['count']} x {visible(row['error'])}" for row in result["errors"][:_ERRORS_SHOWN]]


def as_markdown(result: Mapping[str, Any]) -> str:
    """Return the report of one drill for people: hypothesis, steps, figures."""
    rows = [
        (
            f"{step['at_s']:.1f} s",
            str(step["name"]),
            "ok" if step["ok"] else "failed",
            str(step["detail"]),
        )
        for step in result["steps"]
    ]
    return "".join(
        (
            ci.markdown_table(f"wattos drill: {summary(result)}", _STEPS, rows),
            f"{ci.plain(result['summary'])} {ci.plain(result['hypothesis'])}\n\n",
            ci.markdown_table("Figures", ("FIGURE", "VALUE"), figure_rows(result)),
            "".join(f"- {ci.plain(line)}\n" for line in _errors(result)),
        )
    )


def as_junit(results: Sequence[Mapping[str, Any]]) -> str:
    """Return a test case per step of every drill, and one per drill that says whether it counts at all."""
    cases = []
    for result in results:
        drill, seconds = result["drill"], float(result["duration_s"])
        cases.append(Case(f"{drill} came to a verdict", seconds, result["reason"]))
        for step in result["steps"]:
            failure = "" if step["ok"] else step["detail"] or "failed"
            cases.append(Case(f"{drill}: {step['name']}", 0.0, failure))
    return junit("wattos drill", cases)


def annotations(result: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Return a GitHub annotation for each step that failed and for a drill that says nothing."""
    told = [f"{step['name']}: {step['detail']}" for step in result["steps"] if not step["ok"]]
    told += [result["reason"]] if result["reason"] else []
    lines = [ci.annotation(environ, "error", f"wattos drill {result['drill']}", each) for each in told]
    return [line for line in lines if line]


def figure_rows(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the figures with their names and units; what did not happen is a dash."""
    figures = result["figures"]
    return [
        (name, "-" if figures[key] is None else f"{figures[key]:.4g}{unit}")
        for key, (name, unit) in _FIGURES.items()
    ]
