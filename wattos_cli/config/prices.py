"""`[[llm.prices]]`: prices of the user's own, which are asked before those that wattos knows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from wattos_cli.config.model import Setting
from wattos_cli.config.problems import suggestion
from wattos_cli.config.schema import PRICE_FIELDS, PROVIDERS
from wattos_cli.config.sources import Document, note_unknown

_BY_KEY = {field.key: field for field in PRICE_FIELDS}
_REQUIRED = ("provider", "model", "input", "output")
_PATH = ("llm", "prices")


def parse(document: Document, own_providers: Collection[str]) -> list[dict[str, Any]]:
    """Return each table of `[[llm.prices]]` as services read it; problems are noted in `document`."""
    llm = document.content.get("llm")
    given = llm.get("prices", []) if isinstance(llm, Mapping) else []
    if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
        document.problem(_PATH, "llm.prices: expected tables, each headed [[llm.prices]].")
        return []
    providers = {*PROVIDERS, *own_providers}
    prices = [_price(document, (*_PATH, str(number)), table, providers) for number, table in enumerate(given)]
    _check_pairs(document, prices)
    return prices


def _check_pairs(document: Document, prices: Sequence[Mapping[str, Any]]) -> None:
    """Note a second price for the same, and one for long prompts that has none for short ones beside it."""
    seen: set[tuple[Any, ...]] = set()
    plain = {_identity(price) for price in prices if not price.get("above")}
    for number, price in enumerate(prices):
        identity = (*_identity(price), bool(price.get("above")))
        name = f"{price.get('provider')}/{price.get('model')}"
        if identity in seen:
            document.problem((*_PATH, str(number)), f"llm.prices: {name} has two prices for the same time.")
        if price.get("above") and _identity(price) not in plain:
            document.problem(
                (*_PATH, str(number), "above"),
                f"llm.prices: {name} has a price for long prompts only; add one without `above`.",
            )
        seen.add(identity)


def _identity(price: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(price.get(name) for name in ("provider", "model", "since"))


def settings(document: Document, prices: Sequence[Mapping[str, Any]]) -> Iterator[Setting]:
    """Yield each given value with its place."""
    for number, price in enumerate(prices):
        for key, value in price.items():
            path = (*_PATH, str(number), key)
            yield Setting(".".join(path), value, document.where(path))


def _price(
    document: Document, path: tuple[str, ...], table: Mapping[str, Any], providers: set[str]
) -> dict[str, Any]:
    price: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _BY_KEY:
            note_unknown(document, (*path, key), set(_BY_KEY))
        else:
            price[key] = document.parsed(_BY_KEY[key], (*path, key), value)
    for key in _REQUIRED:
        if table.get(key, "") == "":
            document.problem(path, f"llm.prices: {key} is missing.")
    name = price.get("provider")
    if name and name not in providers:
        document.problem(
            (*path, "provider"), f"llm.prices: no such provider {name!r}.{suggestion(name, providers)}"
        )
    return price
