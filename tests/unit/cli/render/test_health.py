"""The table of `wattos health`."""

from wattos_cli.deps import Finding
from wattos_cli.render.health import as_table

DOWN = {"db": {"status": "up"}, "hop:rag": {"status": "down", "message": "its circuit is open"}}


def test_the_reason_is_told_once_and_only_answers_have_a_time() -> None:
    findings = [
        Finding("rag", 0, "healthy", 8.4),
        Finding("chat", 0, "degraded", 112.0, DOWN, "Some dependencies are down"),
        Finding("shop", 0, "unhealthy", 2004.0, {}, "no answer within 2 s", reached=False),
    ]
    assert as_table(findings, width=0, color=False).splitlines() == [
        "SERVICE  STATUS     ANSWERED IN  DETAILS",
        "rag      healthy           8 ms",
        "chat     degraded        112 ms  hop:rag down: its circuit is open",
        "shop     unhealthy            -  no answer within 2 s",
    ]
