"""Model calls: tokens, cost, time to the first token, providers and what happens when one fails."""

from wattos_cli.dashboards.boards import names
from wattos_cli.dashboards.boards.parts import (
    graph,
    in_range,
    or_none,
    percentile,
    percentiles,
    rate,
    series,
    share,
    stat,
    states,
)
from wattos_cli.dashboards.model import Board, Limit, Query, Row

_CALLS, _TIME = "llm_calls_total", "llm_call_duration_seconds"
_FIRST, _PACE = "llm_time_to_first_token_seconds", "llm_time_per_output_token_seconds"
_FAILED = 'outcome="error"'
_OPEN_LLM = 'name=~"llm:.+", state=~"open|forced_open"'
_SHOW_FAILED = "wattos logs llm-gateway --level warning --since 15m"

_NOW = Row(
    "Now",
    (
        stat("Calls", "Model calls a second.", "ops", Query(rate(_CALLS), "calls")),
        stat(
            "Failed",
            "Share of model calls that failed.",
            "percentunit",
            Query(share(_CALLS, where=_FAILED), "failed"),
            objective="model_error_ratio",
            logs=_SHOW_FAILED,
        ),
        stat(
            "First token, p95",
            "95 of 100 answers begin within this time.",
            "s",
            Query(percentile(0.95, _FIRST), "p95"),
            objective="first_token_s",
        ),
        stat(
            "Tokens",
            "Tokens a second, of prompts and answers.",
            "ops",
            Query(rate("llm_tokens_total"), "tokens"),
        ),
        stat(
            "Cost an hour",
            "US dollars an hour at the present pace.",
            "currencyUSD",
            Query(f"3600 * {rate('llm_cost_usd_total')} or vector(0)", "USD/h"),
            objective="cost_per_hour_usd",
        ),
        stat(
            "Without a price",
            "Calls in the time shown whose price is not in the table: their cost is missing.",
            "none",
            Query(in_range("llm_cost_unknown_total"), "calls"),
            limits=(Limit(1, "yellow"),),
            logs="wattos cost --by model",
        ),
    ),
)
_MODEL_CALLS = Row(
    "Calls",
    (
        graph(
            "Calls by model",
            "Model calls a second.",
            "ops",
            Query(rate(_CALLS, "provider", "model"), "{{provider}} {{model}}"),
        ),
        graph(
            "Calls by outcome",
            "Model calls a second, by operation and how they ended.",
            "ops",
            Query(rate(_CALLS, "operation", "outcome"), "{{operation}}: {{outcome}}"),
            logs=_SHOW_FAILED,
        ),
        graph(
            "Errors by fault domain",
            "Failed calls a second, by provider and whose fault it was.",
            "ops",
            Query(
                or_none(rate(_CALLS, "provider", "error_type", where='error_type!=""')),
                "{{provider}} {{error_type}}",
            ),
            logs=_SHOW_FAILED,
            see=(names.RESILIENCE,),
        ),
    ),
)
_TOKENS = Row(
    "Tokens and cost",
    (
        graph(
            "Tokens by kind",
            "Tokens a second: of prompts, of answers, and what of them was cached or thought.",
            "ops",
            Query(rate("llm_tokens_total", "kind"), "{{kind}}"),
        ),
        graph(
            "Tokens by model",
            "Tokens a second.",
            "ops",
            Query(rate("llm_tokens_total", "provider", "model"), "{{provider}} {{model}}"),
        ),
        graph(
            "Cost by model",
            "US dollars an hour at the present pace.",
            "currencyUSD",
            Query(
                or_none(f"3600 * {rate('llm_cost_usd_total', 'provider', 'model')}"), "{{provider}} {{model}}"
            ),
            stacked=True,
            logs="wattos cost --by tenant",
        ),
    ),
)
_LATENCY = Row(
    "Latency",
    (
        graph(
            "Time to first token",
            "Half, 95 and 99 of 100 answers begin within these times.",
            "s",
            *percentiles(_FIRST),
            objective="first_token_s",
            width=6,
        ),
        graph(
            "Call by model, p95",
            "95 of 100 calls end within this time.",
            "s",
            Query(percentile(0.95, _TIME, "provider", "model"), "{{provider}} {{model}}"),
            width=6,
        ),
        graph(
            "Time per output token",
            "Mean time between two tokens of a stream.",
            "s",
            *percentiles(_PACE),
            width=6,
        ),
        graph(
            "Overhead of the gateway",
            "What the model gateway itself adds to a call.",
            "s",
            *percentiles("llm_overhead_seconds"),
            width=6,
        ),
    ),
)
_PROVIDERS = Row(
    "Providers",
    (
        states(
            "Breakers of providers",
            "Whether calls to a provider are let through; `local` has no breaker.",
            Query(
                f"1 - max by (name) ({series('circuit_breaker_state', _OPEN_LLM)})",
                "{{name}}",
                empty="`local` is the only provider",
            ),
            words=("open", "closed"),
            logs="wattos logs llm-gateway --where 'event =~ \"^breaker\"' --since 1h",
            see=(names.RESILIENCE,),
        ),
        graph(
            "Fallbacks",
            "Answers a second that another provider gave than the first of the chain.",
            "ops",
            Query(or_none(rate("llm_fallbacks_total", "from", "to")), "{{from}} → {{to}}"),
            logs=_SHOW_FAILED,
        ),
        graph(
            "Waiting for embeddings",
            "Texts that wait for the local embedding model.",
            "none",
            Query(f"sum by (instance) ({series('embedding_queue_length')})", "{{instance}}"),
            see=(names.RAG,),
        ),
    ),
)

BOARD = Board(
    names.LLM,
    names.TITLES[names.LLM],
    "What is asked of models, what they answer, how fast, for how much, and what happens when one fails.",
    (_NOW, _MODEL_CALLS, _TOKENS, _LATENCY, _PROVIDERS),
)
