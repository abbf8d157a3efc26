"""The committed price table, and prices of the operator's own as the service reads them."""

from datetime import date
from decimal import Decimal

import pytest

from wattos_platform.contracts.settings import SettingsError
from wattos_platform.services.llm_gateway.adapters.price_file import checked, committed, read_prices
from wattos_platform.services.llm_gateway.domain.pricing import usd_text
from wattos_platform.services.llm_gateway.domain.wire import Usage

TODAY = date(2026, 11, 26)
MILLION = 1_000_000
OWN = {"provider": "openai", "model": "gpt-5-mini", "input": "0.2", "output": 1}


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row[0]}/{row[1]} {row[2]['since']}") for row in committed()]
)
def test_every_committed_row_keeps_the_rules(row):
    provider, model, given = row
    found = checked("prices.toml", {"provider": provider, "model": model, **given})
    rates = found.rates
    assert rates.cached_input is None or rates.cached_input <= rates.input
    assert rates.cache_write is None or rates.cache_write >= rates.input
    assert found.since >= date(2020, 1, 1)


@pytest.mark.parametrize(
    ("provider", "model", "usd"),
    [
        ("openai", "gpt-5-mini-2025-08-07", "2.25"),
        ("azure", "gpt-5-mini", "2.25"),
        ("openai", "gpt-6.2-sol", "19"),  # a long prompt: 4 + 15
        ("openai", "text-embedding-3-small", "0.02"),
        ("anthropic", "claude-sonnet-4-20250514", "18"),
        ("anthropic", "claude-opus-4-1-20250805", "90"),
        ("anthropic", "claude-haiku-5-5", "3"),  # a long prompt: 0.5 + 2.5
        ("google", "gemini-3.1-pro-preview", "22"),  # a long prompt: 4 + 18
        ("google", "gemini-2.5-flash-preview-09-2025", "2.8"),
        ("ollama", "qwen3:32b", "0"),
        ("local", "wattos-extractive", "0"),
    ],
)
def test_a_million_tokens_in_and_out(provider, model, usd):
    price = read_prices().find(provider, model, TODAY)
    assert usd_text(price.pico_usd(Usage(MILLION, MILLION))) == usd


def test_a_scheduled_change_of_price_comes_at_midnight():
    table = read_prices()
    before, after = (
        table.find("google", "gemini-4-argon", day) for day in (date(2026, 11, 30), date(2026, 12, 1))
    )
    assert [usd_text(each.pico_usd(Usage(MILLION))) for each in (before, after)] == ["2", "4"]


def test_the_operators_prices_come_first():
    since = {**OWN, "since": "2026-11-01"}
    table = read_prices({"llm": {"prices": [since, {**OWN, "model": "new", "above": 0}]}})
    assert table.find("openai", "gpt-5-mini", date(2026, 10, 31)).rates.input == Decimal("0.25")
    assert table.find("openai", "gpt-5-mini-2025-08-07", TODAY).rates.input == Decimal("0.2")
    assert table.find("openai", "new", date(2000, 1, 1)).rates.output == Decimal(1)


@pytest.mark.parametrize(
    ("kind", "model", "usd"),
    [("ollama", "llama3.2", "0"), ("azure", "gpt-5-mini", "2.25"), ("anthropic", "claude-opus-4-5", "30")],
)
def test_a_provider_of_another_name_has_the_list_prices_of_its_kind(kind, model, usd):
    table = read_prices({"llm": {"provider": {"west": {"kind": kind, "base_url": "http://x"}, "gpu": {}}}})
    price = table.find("west", model, TODAY)
    assert usd_text(price.pico_usd(Usage(MILLION, MILLION))) == usd
    assert table != read_prices()


def test_who_speaks_openais_api_under_another_name_has_no_price_until_one_is_given():
    assert (
        read_prices({"llm": {"provider": {"house": {"kind": "openai"}}}}).find("house", "gpt-5", TODAY)
        is None
    )


def test_a_price_for_long_prompts_of_ones_own():
    long = {**OWN, "above": 1000, "input": "0.4"}
    price = read_prices({"llm": {"prices": [long, OWN]}}).find("openai", "gpt-5-mini", TODAY)
    assert usd_text(price.pico_usd(Usage(1000))) == "0.0002"
    assert usd_text(price.pico_usd(Usage(1001))) == "0.0004004"


@pytest.mark.parametrize(
    ("prices", "reason"),
    [
        ({"a": 1}, "must be a list"),
        ([3], r"llm.prices\[0\] must be a table"),
        ([{**OWN, "cached": 1}], "unknown key 'cached'"),
        ([{**OWN, "model": ""}], "model is missing"),
        ([{"provider": "openai", "model": "m", "input": 1}], "output is missing"),
        ([{**OWN, "input": "cheap"}], r"llm.prices\[0\].input must be US dollars"),
        ([{**OWN, "input": -1}], "must be US dollars"),
        ([{**OWN, "input": True}], "must be US dollars"),
        ([{**OWN, "input": "NaN"}], "must be US dollars"),
        ([{**OWN, "input": "Infinity"}], "must be US dollars"),
        ([{**OWN, "input": "0.0000001"}], "more than six decimals"),
        ([{**OWN, "input": 0.1234567}], "more than six decimals"),
        ([{**OWN, "since": "soon"}], "must be a day"),
        ([{**OWN, "since": 7}], "must be a day"),
        ([{**OWN, "above": -1}], "number of tokens"),
        ([{**OWN, "above": "x"}], "number of tokens"),
        ([OWN, OWN], "has two prices"),
        ([{**OWN, "above": 9}], "needs a row"),
    ],
)
def test_a_price_that_is_none_stops_the_service_with_its_place(prices, reason):
    with pytest.raises(SettingsError, match=reason):
        read_prices({"llm": {"prices": prices}})
