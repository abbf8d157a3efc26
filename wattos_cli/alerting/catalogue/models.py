"""Alerts about what models cost, and what saves asking them."""

from wattos_cli.alerting.alert import Alert, Case, Fired, RuleContext, Severity

_TEAM = "models"
_COST = 'llm_cost_usd_total{job="llm-gateway",instance="llm-gateway-0",provider="openai",model="gpt-4o"}'
_UNKNOWN = 'llm_cost_unknown_total{job="llm-gateway",instance="llm-gateway-0",provider="ollama"}'
_CACHE = 'cache_operations_total{job="rag",instance="rag-0",cache="rag-search",result="%s"}'


def _hourly(context: RuleContext) -> str:
    return (
        f"sum by (job) (increase(llm_cost_usd_total[{context.span('1h')}]))"
        f" > {context.thresholds.llm_cost_per_hour_usd:g}"
    )


def _daily(context: RuleContext) -> str:
    return (
        f"sum by (job) (increase(llm_cost_usd_total[{context.span('1d')}]))"
        f" > {context.thresholds.llm_cost_per_day_usd:g}"
    )


def _unknown(context: RuleContext) -> str:
    # A counter that is born at 1 and stays there has no increase, so a new one counts as well.
    span, by = context.span("1h"), "sum by (job, provider)"
    return (
        f"{by} (increase(llm_cost_unknown_total[{span}])) > 0\n"
        f"or ({by} (llm_cost_unknown_total) > 0 unless {by} (llm_cost_unknown_total offset {span}))"
    )


def _hit_rate(context: RuleContext) -> str:
    span, limits, by = context.span("5m"), context.thresholds, "sum by (job, cache)"
    looked_up = f'cache_operations_total{{result=~"hit|stale|miss"}}[{span}]'
    return (
        f'{by} (rate(cache_operations_total{{result=~"hit|stale"}}[{span}]))\n'
        f"/ {by} (rate({looked_up})) < {limits.cache_hit_rate:g}\n"
        f"and {by} (increase({looked_up})) >= {limits.min_events}"
    )


ALERTS: tuple[Alert, ...] = (
    Alert(
        "HighLLMCost",
        Severity.WARNING,
        _TEAM,
        _hourly,
        summary="Models cost more than they may in an hour",
        description="{{ $value | humanize }} US dollars were spent within the last hour.",
        board="wattos-llm",
        for_="5m",
        fires=(
            Case(
                "120 dollars an hour", {_COST: "0+2x90"}, "80m", [Fired({"job": "llm-gateway"}, "120")], "1m"
            ),
        ),
        silent=(
            Case("60 dollars an hour", {_COST: "0+1x90"}, "80m", every="1m"),
            Case("not yet as long as it waits", {_COST: "0+2x90"}, "53m", every="1m"),
        ),
    ),
    Alert(
        "LLMDailyBudget",
        Severity.WARNING,
        _TEAM,
        _daily,
        summary="Models cost more than they may in a day",
        description="{{ $value | humanize }} US dollars were spent within the last day.",
        board="wattos-llm",
        for_="5m",
        fires=(
            Case(
                "576 dollars a day", {_COST: "0+2x400"}, "26h", [Fired({"job": "llm-gateway"}, "576")], "5m"
            ),
        ),
        silent=(
            Case("288 dollars a day", {_COST: "0+1x400"}, "26h", every="5m"),
            Case("not yet as long as it waits", {_COST: "0+2x400"}, "1250m", every="5m"),
        ),
    ),
    Alert(
        "CostUnknown",
        Severity.WARNING,
        _TEAM,
        _unknown,
        summary="Calls of {{ $labels.provider }} have no price",
        description="{{ $value | humanize }} calls of {{ $labels.provider }} in an hour are not in the cost.",
        board="wattos-llm",
        fires=(
            Case(
                "the counter grows",
                {_UNKNOWN: "5x59 5+1x60"},
                "2h",
                [Fired({"job": "llm-gateway", "provider": "ollama"}, "60")],
                "1m",
            ),
            Case(
                "the first call of a new process",
                {_UNKNOWN: "_x30 1x60"},
                "40m",
                [Fired({"job": "llm-gateway", "provider": "ollama"}, "1")],
                "1m",
            ),
        ),
        silent=(Case("old calls", {_UNKNOWN: "3x200"}, "2h", every="1m"),),
    ),
    Alert(
        "LowCacheHitRate",
        Severity.INFO,
        _TEAM,
        _hit_rate,
        summary="The cache {{ $labels.cache }} of {{ $labels.job }} hardly helps",
        description="{{ $value | humanizePercentage }} of the look-ups in {{ $labels.cache }} hit.",
        board="wattos-storage",
        for_="10m",
        fires=(
            Case(
                "two look-ups in five hit",
                {_CACHE % "hit": "0+0.8x120", _CACHE % "miss": "0+1.2x120", _CACHE % "set": "0+4x120"},
                "25m",
                [Fired({"job": "rag", "cache": "rag-search"}, "40%")],
            ),
        ),
        silent=(
            Case(
                "four in five hit",
                {_CACHE % "hit": "0+4x120", _CACHE % "miss": "0+1x120", _CACHE % "set": "0+9x120"},
                "25m",
            ),
            Case(
                "one in ten hits, of hardly anything",
                {_CACHE % "hit": "0+0.08x120", _CACHE % "miss": "0+0.7x120"},
                "25m",
            ),
            Case(
                "not yet as long as it waits",
                {_CACHE % "hit": "0+0.8x120", _CACHE % "miss": "0+1.2x120"},
                "8m",
            ),
        ),
    ),
)
