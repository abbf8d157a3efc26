"""Calls to providers under the names of OpenTelemetry's conventions for generative AI, beside our own."""

from wattos_platform.kernel.telemetry import Histogram, Meter
from wattos_platform.services.llm_gateway.call_meters import CallLabels, CallMeter
from wattos_platform.services.llm_gateway.domain.wire import Usage

_OPERATIONS = {"completions": "text_completion", "embeddings": "embeddings"}
_CHAT = "chat"
_PROVIDERS = {"azure": "azure.ai.openai", "google": "gcp.gemini"}
_CACHED = "cached"


class GenAiCallMeter(CallMeter):
    """A CallMeter that counts each call under the conventions' names, too.

    Answers from our cache are no calls to a provider, and are left out.
    """

    __slots__ = ("_first", "_input", "_operation", "_output", "_per_token")

    def __init__(self, meter: Meter, labels: CallLabels) -> None:
        super().__init__(meter, labels)
        provider, model, operation, outcome, error_type = labels
        common = {
            "gen_ai_operation_name": _OPERATIONS.get(operation, _CHAT),
            "gen_ai_provider_name": _PROVIDERS.get(provider, provider),
            "gen_ai_request_model": model,
        }
        self._operation: Histogram | None = None
        if outcome == _CACHED:
            return
        self._operation = meter.histogram(
            "gen_ai_client_operation_duration_seconds", **common, error_type=error_type
        )
        usage, kind = "gen_ai_client_token_usage", "gen_ai_token_type"
        self._input = meter.histogram(usage, **common, **{kind: "input"})
        self._output = meter.histogram(usage, **common, **{kind: "output"})
        self._first = meter.histogram("gen_ai_server_time_to_first_token_seconds", **common)
        self._per_token = meter.histogram("gen_ai_server_time_per_output_token_seconds", **common)

    def count(self, usage: Usage, cost: int | None, took_s: float, first_s: float | None) -> None:
        """Count one call; see CallMeter."""
        super().count(usage, cost, took_s, first_s)
        if self._operation is None:
            return
        self._operation.observe(took_s)
        if usage.prompt:
            self._input.observe(usage.prompt)
        if usage.completion:
            self._output.observe(usage.completion)
        if first_s is not None:
            self._first.observe(first_s)
            if usage.completion > 1:
                self._per_token.observe((took_s - first_s) / (usage.completion - 1))
