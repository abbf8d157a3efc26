"""GET /v1beta/models and /v1beta/models/{model}."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.requests import Incoming, Refusal

_GENERATES = ("generateContent", "streamGenerateContent")
MODELS = {
    "gemini-3.5-flash-lite": _GENERATES,
    "gemini-2.5-flash": _GENERATES,
    "gemini-2.5-pro": _GENERATES,
    "gemini-embedding-001": ("embedContent", "batchEmbedContents"),
}


def list_models(_call: Incoming) -> Mapping[str, Any]:
    """Return all models on one page."""
    return {"models": [_model(name) for name in MODELS]}


def read_model(call: Incoming) -> Mapping[str, Any]:
    """Return one model; Refusal 404 for one that is not listed."""
    name = call.path["model"]
    if name not in MODELS:
        raise Refusal(404, f"models/{name[:80]} is not found for API version v1beta.")
    return _model(name)


def _model(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": list(MODELS[name]),
    }
