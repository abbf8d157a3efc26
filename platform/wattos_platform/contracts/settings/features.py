"""What single services do."""

from wattos_platform.contracts.settings.variable import Group, variable


class FeatureSettings(Group):
    """What single services do, and which metrics are counted beside."""

    otel_genai: bool = variable(
        "WATTOS_OTEL_GENAI",
        default=False,
        description="Whether calls to models are also counted under OpenTelemetry's names (gen_ai_*).",
    )
    chat_history_tokens: int = variable(
        "WATTOS_CHAT_HISTORY_TOKENS",
        default=3000,
        ge=0,
        description="Tokens of a conversation that the model is shown again, the newest first.",
    )
    agent_http_allow: str = variable(
        "WATTOS_AGENT_HTTP_ALLOW",
        default="",
        description="Hosts that agents may read, comma separated; empty: http_request is not available.",
    )
