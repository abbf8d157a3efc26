"""The answer of `wattos health` as table, JSON, JUnit and Markdown."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from wattos_cli.deps import Finding
from wattos_cli.render import ci, text
from wattos_cli.render.junit import Case, junit
from wattos_cli.render.safe import visible

_SUITE = "wattos health"
_WORST = ("unhealthy", "degraded", "healthy")
_HEAD = ("SERVICE", "STATUS", "ANSWERED IN", "DETAILS")


def overall(findings: Sequence[Finding]) -> str:
    """Return the worst status among `findings`."""
    return next(
        status for status in _WORST if any(f.status == status for f in findings) or status == "healthy"
    )


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return `wattos.health/v1` as the command prints it."""
    return {
        "schema": "wattos.health/v1",
        "status": overall(findings),
        "services": [
            {
                "name": f.name,
                "replica": f.replica,
                "status": f.status,
                "response_time_ms": f.response_time_ms,
                "checks": dict(f.checks),
                "error": f.error or None,
                "info": dict(f.info),
            }
            for f in findings
        ],
        "info": merged_info(findings),
    }


def merged_info(findings: Sequence[Finding]) -> dict[str, str]:
    """Return what the services say about themselves: active providers, retrieval mode."""
    return {key: value for f in findings for key, value in f.info.items()}


def as_table(findings: Sequence[Finding], *, width: int, color: bool) -> str:
    """Return a row per replica, then what the platform is set up with."""
    lines = [text.table(_HEAD, _rows(findings), width=width, color=color, right=frozenset({"ANSWERED IN"}))]
    info = merged_info(findings)
    lines += [f"{key}: {visible(value)}" for key, value in sorted(info.items())]
    return "\n".join(lines)


def as_junit(findings: Sequence[Finding], failing: Collection[str]) -> str:
    """Return one test case per replica; those whose status is among `failing` fail, with the reason."""
    cases = [
        Case(
            _label(f, findings),
            f.response_time_ms / 1000,
            (_details(f) or f.status) if f.status in failing else "",
        )
        for f in findings
    ]
    return junit(_SUITE, cases)


def nothing_as_junit(reason: str) -> str:
    """Return the one failed case of a platform that could not be probed: a pipeline's report says why."""
    return junit(_SUITE, [Case("platform", 0.0, reason)])


def as_markdown(findings: Sequence[Finding]) -> str:
    """Return the table for GITHUB_STEP_SUMMARY."""
    return ci.markdown_table(f"wattos health: {overall(findings)}", _HEAD, _rows(findings))


def annotations(findings: Sequence[Finding], environ: Mapping[str, str]) -> list[str]:
    """Return a GitHub annotation for each replica that is not healthy."""
    levels = {"unhealthy": "error", "degraded": "warning"}
    lines = [
        ci.annotation(environ, levels[f.status], f"{f.name} is {f.status}", _details(f) or f.status)
        for f in findings
        if f.status in levels
    ]
    return [line for line in lines if line]


def labelled(findings: Sequence[Finding]) -> list[tuple[str, Finding]]:
    """Return each finding with its name: the service, with the replica's number where there are several."""
    return [(_label(finding, findings), finding) for finding in findings]


def _rows(findings: Sequence[Finding]) -> list[tuple[str, str, str, str]]:
    return [(_label(f, findings), f.status, _answered_in(f), _details(f)) for f in findings]


def _answered_in(finding: Finding) -> str:
    """Return how long the answer took, `-` where nothing has answered."""
    return f"{finding.response_time_ms:.0f} ms" if finding.reached else "-"


def _label(finding: Finding, findings: Sequence[Finding]) -> str:
    several = sum(1 for other in findings if other.name == finding.name) > 1
    return f"{finding.name}-{finding.replica}" if several else finding.name


def _details(finding: Finding) -> str:
    """Return each check that is not up with its message; where there is none, the reason."""
    troubled = [
        f"{name} {check.get('status')}" + (f": {check['message']}" if check.get("message") else "")
        for name, check in finding.checks.items()
        if isinstance(check, dict) and check.get("status") != "up"
    ]
    return "; ".join(troubled) or finding.error
