"""The metrics of OpenTelemetry's semantic conventions for generative AI, as Prometheus spells them.

They exist beside ours where `[metrics] otel_genai` is on. Names, labels and buckets are the conventions'.
"""

from wattos_platform.contracts.metrics.family import Label, MetricFamily, histogram

OTEL_GENAI = "otel_genai"
_LLM = ("llm-gateway",)
_TOKENS = tuple(float(4**power) for power in range(14))
_DURATION_S = tuple(0.01 * 2**power for power in range(14))
_FIRST_S = (
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
)  # fmt: skip
_PER_TOKEN_S = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)

_COMMON = (
    Label("gen_ai_operation_name", values=("chat", "text_completion", "embeddings")),
    Label("gen_ai_provider_name", "the configured providers, by the conventions' names where they have one"),
    Label("gen_ai_request_model", "as `model` of `llm_calls_total`"),
)

GEN_AI_FAMILIES: tuple[MetricFamily, ...] = (
    histogram(
        "gen_ai_client_token_usage",
        "Tokens used by one model call.",
        *_COMMON,
        Label("gen_ai_token_type", values=("input", "output")),
        unit="tokens",
        buckets=_TOKENS,
        services=_LLM,
        switch=OTEL_GENAI,
    ),
    histogram(
        "gen_ai_client_operation_duration_seconds",
        "Time of one model call.",
        *_COMMON,
        Label("error_type", "as `error_type` of `llm_calls_total`"),
        buckets=_DURATION_S,
        services=_LLM,
        switch=OTEL_GENAI,
    ),
    histogram(
        "gen_ai_server_time_to_first_token_seconds",
        "Time from request to the first content.",
        *_COMMON,
        buckets=_FIRST_S,
        services=_LLM,
        switch=OTEL_GENAI,
    ),
    histogram(
        "gen_ai_server_time_per_output_token_seconds",
        "Mean time between tokens of one stream.",
        *_COMMON,
        buckets=_PER_TOKEN_S,
        services=_LLM,
        switch=OTEL_GENAI,
    ),
)
