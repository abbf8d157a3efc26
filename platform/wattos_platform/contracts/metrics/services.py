"""Families of what one service alone does."""

from wattos_platform.contracts.metrics.family import Label, MetricFamily, counter, gauge, histogram
from wattos_platform.contracts.metrics.kernel import ERROR_TYPE

LLM_LATENCY_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0)
PER_TOKEN_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
OVERHEAD_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1)

_GATEWAY, _LLM, _RAG, _CHAT, _AGENT = ("gateway",), ("llm-gateway",), ("rag",), ("chat",), ("agent",)
_PROVIDER = Label("provider", "the configured providers, and `local`")
_MODEL = Label("model", "the models that are configured, listed, priced or have answered; else `other`")
_ROLE = Label("role", "the roles of roles.toml")

GATEWAY = (
    counter(
        "auth_refusals_total",
        "Requests whose credentials were refused.",
        Label(
            "reason",
            values=(
                "missing_credentials", "conflicting_credentials", "invalid_api_key", "invalid_token",
                "token_expired", "token_revoked",
            ),
        ),
        services=_GATEWAY,
    ),
)  # fmt: skip

LLM = (
    counter(
        "llm_calls_total",
        "Model calls.",
        _PROVIDER,
        _MODEL,
        Label("operation", values=("chat", "responses", "messages", "completions", "embeddings")),
        Label("outcome", values=("ok", "error", "cancelled", "truncated", "cached")),
        ERROR_TYPE,
        services=_LLM,
    ),
    counter(
        "llm_tokens_total",
        "Tokens counted.",
        _PROVIDER,
        _MODEL,
        Label("kind", values=("prompt", "completion", "cached", "cache_write", "reasoning")),
        unit="tokens",
        services=_LLM,
    ),
    counter("llm_cost_usd_total", "Cost in US dollars.", _PROVIDER, _MODEL, unit="usd", services=_LLM),
    counter("llm_cost_unknown_total", "Calls whose price is not in the table.", _PROVIDER, services=_LLM),
    histogram(
        "llm_call_duration_seconds",
        "Time of one model call.",
        _PROVIDER,
        _MODEL,
        buckets=LLM_LATENCY_S,
        services=_LLM,
    ),
    histogram(
        "llm_time_to_first_token_seconds",
        "Time from request to the first content.",
        _PROVIDER,
        _MODEL,
        buckets=LLM_LATENCY_S,
        services=_LLM,
    ),
    histogram(
        "llm_time_per_output_token_seconds",
        "Mean time between tokens of one stream.",
        _PROVIDER,
        _MODEL,
        buckets=PER_TOKEN_S,
        services=_LLM,
    ),
    histogram("llm_overhead_seconds", "Time the gateway itself added.", buckets=OVERHEAD_S, services=_LLM),
    counter(
        "llm_fallbacks_total",
        "Answers given by the next provider.",
        Label("from", _PROVIDER.bounded_by),
        Label("to", _PROVIDER.bounded_by),
        services=_LLM,
    ),
    gauge("embedding_queue_length", "Texts waiting for the local model.", services=_LLM),
)

RAG = (
    counter(
        "rag_documents_total",
        "Documents that ended ready or failed.",
        Label("status", values=("ready", "failed")),
        services=_RAG,
    ),
    gauge("rag_jobs_queued", "Ingestion jobs waiting.", services=_RAG),
    gauge(
        "rag_oldest_job_age_seconds",
        "Age of the oldest ingestion job; 0 when there is none.",
        unit="seconds",
        services=_RAG,
    ),
    counter(
        "rag_searches_total",
        "Searches answered.",
        Label("mode", values=("hybrid", "vector", "text")),
        services=_RAG,
    ),
    histogram(
        "rag_search_duration_seconds",
        "Time of one search that the cache did not answer.",
        Label("retrieval", values=("hybrid", "vector", "bm25")),
        services=_RAG,
    ),
)

CHAT = (
    counter(
        "chat_messages_total",
        "Answers by how they ended.",
        Label("outcome", values=("complete", "aborted", "failed")),
        services=_CHAT,
    ),
    gauge("chat_answers_in_progress", "Answers being written.", services=_CHAT),
)

AGENT = (
    counter(
        "agent_runs_total",
        "Runs by how they ended.",
        _ROLE,
        Label("status", values=("completed", "failed", "cancelled")),
        services=_AGENT,
    ),
    gauge("agent_runs_in_progress", "Runs that this process works on.", services=_AGENT),
    counter(
        "agent_steps_total",
        "Steps done.",
        _ROLE,
        Label("kind", values=("plan", "tool", "model")),
        Label("outcome", values=("success", "failure")),
        services=_AGENT,
    ),
    histogram(
        "agent_tool_duration_seconds",
        "Time of one call of a tool.",
        Label("tool", "the tools that work here"),
        Label("outcome", values=("success", "failure")),
        services=_AGENT,
    ),
)

SERVICE_FAMILIES: tuple[MetricFamily, ...] = (*GATEWAY, *LLM, *RAG, *CHAT, *AGENT)
