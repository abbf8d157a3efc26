"""What may be asked about usage, and the document that answers."""

from datetime import UTC, datetime

import pytest

from wattos_platform.services.llm_gateway.domain.refusals import Refusal
from wattos_platform.services.llm_gateway.domain.usage_query import SUMMED, UsageQuery, all_usage, own_usage
from wattos_platform.services.llm_gateway.domain.usage_report import report

NOW = datetime(2026, 5, 1, tzinfo=UTC)
NOTHING = dict.fromkeys(SUMMED, 0)


def test_a_period_has_defaults():
    asked = own_usage({}, NOW, "t")
    assert (asked.until - NOW).total_seconds() == 1
    assert (asked.until - asked.since).days == 30
    assert (asked.tenant, asked.columns) == ("t", ("provider", "model", "operation"))
    blank = own_usage({"since": "2026-01-01T00:00:00 01:00"}, NOW, "t")
    assert blank.since.isoformat() == "2026-01-01T00:00:00+01:00"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"tenant": "other"}, "tenant"),
        ({"by": "weekday"}, "by"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-05-02T00:00:00Z", "until": "2026-05-01T00:00:00Z"}, "since"),
        ({"until": "0001-01-01T00:00:00Z"}, "until"),
        ({"limit": "1"}, "limit"),
    ],
)
def test_a_question_that_makes_no_sense(query, param):
    with pytest.raises(Refusal) as caught:
        own_usage(query, NOW, "t")
    assert caught.value.param == param


def test_only_the_operator_asks_about_everybody():
    assert all_usage({}, NOW).tenant is None
    assert all_usage({"tenant": "a", "by": "day"}, NOW) == UsageQuery(
        all_usage({}, NOW).since, all_usage({}, NOW).until, "day", "a"
    )


def row(**change):
    return {**NOTHING, "calls": 1, "provider": "p", "model": "m", **change}


def test_a_report_writes_costs_out():
    rows = [row(cost_pico_usd=1), row(cost_pico_usd=2_500_000_000_000), row(cost_pico_usd=10**20)]
    totals = {**NOTHING, "calls": 3, "cost_pico_usd": 10**20 + 2_500_000_000_001}
    made = report(UsageQuery(NOW, NOW, "model"), rows, totals)
    assert [entry["cost_usd"] for entry in made["data"]] == ["0.000000000001", "2.5", "100000000"]
    assert made["totals"]["cost_usd"] == "100000002.500000000001"
    assert made["data"][0]["key"] == "p/m"
    assert "cost_pico_usd" not in made["totals"]


def test_what_has_no_price_never_costs_nothing():
    rows = [row(unpriced_calls=1), row(unpriced_calls=1, cost_pico_usd=5 * 10**11), row()]
    made = report(UsageQuery(NOW, NOW, "model"), rows, {**NOTHING, "unpriced_calls": 2})
    assert [entry["cost_usd"] for entry in made["data"]] == [None, "0.5", "0"]
