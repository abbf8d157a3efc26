"""Rules on panels."""

from collections.abc import Iterator

from wattos_cli.dashboards.lint.reading import SOURCES, Json, panels, source_of

# Of Grafana's units those that a platform's figures have.
_PLAIN = {"none", "string", "short", "percent", "percentunit", "sci", "bool", "bool_yes_no", "bool_on_off"}
_MONEY = {"currencyUSD", "currencyEUR", "currencyGBP", "currencyCHF"}
_SIZES = {"bytes", "decbytes", "bits", "decbits", "kbytes", "mbytes", "gbytes", "Bps", "binBps", "bps"}
_TIMES = {"ns", "µs", "ms", "s", "m", "h", "d", "dtdurationms", "dtdurations", "hertz", "dateTimeAsIso"}
_RATES = {"cps", "ops", "reqps", "rps", "wps", "iops", "cpm", "opm", "rpm", "wpm", "mps", "mpm"}
UNITS = frozenset(_PLAIN | _MONEY | _SIZES | _TIMES | _RATES)


def datasource(board: Json) -> Iterator[str]:
    """Demand that every panel and every query asks the variable data source."""
    for panel in panels(board):
        for part in (panel, *(panel.get("targets") or [])):
            if source_of(part) not in SOURCES:
                yield f"panel {panel.get('title')!r} asks {source_of(part)!r}, not the variable data source"


def title_and_description(board: Json) -> Iterator[str]:
    """Demand that every panel says what it shows."""
    for panel in panels(board):
        if not panel.get("title") or not panel.get("description"):
            yield f"panel {panel.get('title')!r}, number {panel.get('id')}, lacks a title or a description"


def unit(board: Json) -> Iterator[str]:
    """Demand a unit that Grafana knows, or words for the values, of every panel."""
    for panel in panels(board):
        fields = panel.get("fieldConfig", {}).get("defaults", {})
        if not fields.get("mappings") and fields.get("unit") not in UNITS:
            yield f"panel {panel.get('title')!r} has the unit {fields.get('unit')!r}"


def has_targets(board: Json) -> Iterator[str]:
    """Demand that every panel asks something."""
    for panel in panels(board):
        if not panel.get("targets"):
            yield f"panel {panel.get('title')!r} has no query"
