"""What a call costs: the right row of the price table, every kind of token, to the last pico-dollar."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.llm_gateway.adapters.price_file import read_prices
from wattos_platform.services.llm_gateway.domain.pricing import LongPrompt, Price, PriceTable, Rates, usd_text
from wattos_platform.services.llm_gateway.domain.wire import Usage

TODAY = date(2026, 11, 23)
RATES = Rates(Decimal("2.5"), Decimal(10), Decimal("1.25"))


def price(model="m", since=TODAY, provider="p", rates=RATES, **change) -> Price:
    return Price(provider, model, rates, since, **change)


def usd(of: Price, usage: Usage) -> str:
    return usd_text(of.pico_usd(usage))


@pytest.mark.parametrize(
    ("model", "found"),
    [
        pytest.param("gpt-4o", "gpt-4o", id="exact"),
        pytest.param("gpt-4o-2024-08-06", "gpt-4o", id="dated"),
        pytest.param("gpt-4o-mini-2024-07-18", "gpt-4o-mini", id="longest-prefix"),
        pytest.param("gpt-4o-audio-preview", None, id="another-model-is-not-a-build"),
        pytest.param("unheard-of", None, id="unknown"),
    ],
)
def test_a_price_is_found_by_the_longest_name(model, found):
    got = read_prices().find("openai", model, TODAY)
    assert (got.model if got else None) == found


@pytest.mark.parametrize(
    ("model", "fits"),
    [
        ("m", True),
        ("m-2024-08-06", True),
        ("m-20250929", True),
        ("m@20250929", True),
        ("m-0613", True),
        ("m-001", True),
        ("m-latest", True),
        ("m-preview", True),
        ("m-preview-06-17", True),
        ("m-preview-09-2025", True),
        ("m-5", False),
        ("m-mini", False),
        ("m-2024-08-06-fine", False),
        ("mm", False),
        ("", False),
    ],
)
def test_what_is_a_build_of_a_family(model, fits):
    assert (PriceTable([price()]).find("p", model, TODAY) is not None) == fits


def test_yesterdays_call_keeps_yesterdays_price():
    old, new = price(since=date(2025, 1, 1)), price(since=date(2026, 1, 1))
    table = PriceTable([old, new])
    for _ in range(2):  # found anew, and remembered
        assert table.find("p", "m", date(2025, 12, 31)) is old
        assert table.find("p", "m", date(2026, 1, 1)) is new
        assert table.find("p", "m", date(2024, 1, 1)) is None


def test_the_operators_own_price_comes_first_from_its_day_on():
    listed, own = price("m-2026-01-01", since=date(2020, 1, 1)), price("m", since=date(2026, 6, 1))
    table = PriceTable([listed], [own])
    assert table.find("p", "m-2026-01-01", date(2026, 5, 31)) is listed
    assert table.find("p", "m-2026-01-01", date(2026, 6, 1)) is own
    assert table.serves("p", "m")


def test_azure_has_openais_list_prices_unless_it_has_its_own():
    openai, azure = price("m", provider="openai"), price("n", provider="azure")
    mine = price("m", provider="openai")
    table = PriceTable([openai, azure], [mine])
    assert table.find("azure", "m", TODAY) is openai
    assert table.find("azure", "n", TODAY) is azure
    assert table.find("openai", "m", TODAY) is mine
    assert not table.serves("azure", "m")


def test_behind_a_name_stands_the_model_that_answered_else_the_configured_one():
    small, large, mine = (price(name, provider="openai") for name in ("small", "large", "mine"))
    deployed = {("azure", "house"): "small", ("azure", "small"): "large"}
    table = PriceTable([small, large], [price("mine", provider="azure")], deployed=deployed)
    assert table.find("azure", "house", TODAY) is small
    assert table.find("azure", "house", TODAY, "large-2026-01-01") is large
    assert table.find("azure", "house", TODAY, "unheard-of") is small
    assert table.find("azure", "small", TODAY) is large
    assert table.find("openai", "house", TODAY) is None
    assert table.find("azure", "mine", TODAY, "large") == price("mine", provider="azure") != mine
    assert table != PriceTable([small, large], [price("mine", provider="azure")])


def test_names_that_callers_make_up_are_not_kept_for_ever():
    table = PriceTable([price()])
    for number in range(10_000):
        table.find("p", f"m-{number}", TODAY)
    assert len(table._found) <= 4096


@pytest.mark.parametrize("id_", [pytest.param("x", id="defect-52")])
def test_a_million_tokens_cost_the_tables_price(id_):
    assert usd(price(), Usage(1_000_000, 0)) == "2.5"
    assert usd(price(), Usage(0, 1_000_000)) == "10"
    assert usd(price(), Usage(1_000_000, 0, cached=1_000_000)) == "1.25"
    assert usd(price(), Usage(10, 0, cached=99)) == "0.0000125"


MILLION = 1_000_000
CACHING = Rates(Decimal(4), Decimal(20), Decimal("0.4"), cache_write=Decimal(5), cache_write_1h=Decimal(8))


@pytest.mark.parametrize(
    ("rates", "usage", "expected"),
    [
        pytest.param(CACHING, Usage(MILLION, 0, cache_write=MILLION), "5", id="written"),
        pytest.param(
            CACHING, Usage(MILLION, 0, cache_write=MILLION, cache_write_1h=MILLION), "8", id="for-an-hour"
        ),
        pytest.param(
            CACHING,
            Usage(4 * MILLION, MILLION, cached=MILLION, cache_write=2 * MILLION, cache_write_1h=MILLION),
            "37.4",  # 4 fresh + 0.4 read + 5 written + 8 for an hour + 20 output
            id="all-at-once",
        ),
        pytest.param(RATES, Usage(MILLION, 0, cache_write=MILLION), "2.5", id="written-without-a-price"),
        pytest.param(RATES, Usage(0, MILLION, reasoning=MILLION), "10", id="reasoning-is-output"),
        pytest.param(
            Rates(Decimal(1), Decimal(2), reasoning=Decimal(3)),
            Usage(0, 2 * MILLION, reasoning=MILLION),
            "5",
            id="reasoning-priced-apart",
        ),
    ],
)
def test_every_kind_of_token_has_its_price(rates, usage, expected):
    assert usd(price(rates=rates), usage) == expected


def test_a_long_prompt_changes_the_price_of_the_whole_call():
    long = LongPrompt(200_000, Rates(Decimal(5), Decimal(15)))
    got = price(long_prompt=long)
    assert usd(got, Usage(200_000, 1000)) == "0.51"
    assert usd(got, Usage(200_001, 1000)) == "1.015005"


counts = st.integers(0, 10**9)
rates = st.decimals(0, 1_000_000, places=6)
maybe = st.none() | rates


@given(
    st.builds(Rates, rates, rates, maybe, maybe, maybe, maybe),
    st.builds(
        Usage, counts, counts, counts, counts, st.just(False), cache_write=counts, cache_write_1h=counts
    ),
)
def test_no_cost_is_rounded(rates, usage):
    read = min(usage.cached, usage.prompt)
    written = min(usage.cache_write, usage.prompt - read)
    for_an_hour = min(usage.cache_write_1h, written)
    thought = min(usage.reasoning, usage.completion)
    write = or_else(rates.cache_write, rates.input)
    bill = [
        (usage.prompt - read - written, rates.input),
        (read, or_else(rates.cached_input, rates.input)),
        (written - for_an_hour, write),
        (for_an_hour, or_else(rates.cache_write_1h, write)),
        (usage.completion - thought, rates.output),
        (thought, or_else(rates.reasoning, rates.output)),
    ]
    assert rates.pico_usd(usage) == sum(tokens * Fraction(rate) * 10**6 for tokens, rate in bill)


def or_else(rate, other):
    return other if rate is None else rate


def test_a_price_that_is_no_whole_number_of_pico_dollars_is_refused():
    with pytest.raises(ValueError, match="six decimals"):
        Rates(Decimal("0.0000001"), Decimal(1))


@given(st.integers(0, 10**30))
def test_a_cost_is_told_exactly_and_without_idle_zeros(pico):
    text = usd_text(pico)
    assert Fraction(text) * 10**12 == pico
    assert "." not in text or text[-1] not in "0."
