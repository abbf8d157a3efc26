"""What every platform must tell a drill, whether it is scripted or real."""

from collections.abc import Callable
from datetime import datetime

from wattos_cli.drills.checks.health import WORST_LAST
from wattos_cli.drills.observing.view import Platform

_NUMBERS = ("consecutive_failures", "failure_rate", "slow_call_rate")


def holds(platform: Platform, name: str, trouble: Callable[[], None]) -> None:
    """Hold a platform that is well; `trouble` makes the breaker `name` refuse calls."""
    (before,) = [row for row in platform.breakers() if row["name"] == name]
    assert before["state"] == "closed"
    assert isinstance(before["service"], str)
    assert isinstance(before["replica"], int)
    assert all(before[number] >= 0 for number in _NUMBERS)
    assert list(platform.changes()) == []
    assert {finding.status for finding in platform.findings()} <= set(WORST_LAST)
    assert platform.counts()["total"] >= 0
    assert all(counts["total"] >= 0 for counts in platform.counts()["providers"].values())
    trouble()
    (after,) = [row for row in platform.breakers() if row["name"] == name]
    assert after["state"] in {"open", "forced_open"}
    changed = [change for change in platform.changes() if change["name"] == name]
    assert [change["to"] for change in changed] == [after["state"]]
    assert datetime.fromisoformat(changed[0]["time"]).tzinfo is not None
    assert list(platform.changes()) == []
