"""GET /api/tags and /api/version."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.requests import Incoming

MODELS = {"llama3.2": "3.2B", "qwen3": "8.2B", "nomic-embed-text": "137M"}
_DETAILS = {"parent_model": "", "format": "gguf", "family": "simulated", "families": ["simulated"]}


def list_models(_call: Incoming) -> Mapping[str, Any]:
    """Return all models, each under its tag."""
    return {"models": [_model(name, size) for name, size in MODELS.items()]}


def read_version(_call: Incoming) -> Mapping[str, Any]:
    """Return a version that no Ollama has."""
    return {"version": "0.0.0-simulator"}


def _model(name: str, size: str) -> dict[str, Any]:
    return {
        "name": f"{name}:latest",
        "model": f"{name}:latest",
        "modified_at": "2026-01-01T00:00:00Z",
        "size": 1,
        "digest": "0" * 64,
        "details": {**_DETAILS, "parameter_size": size, "quantization_level": "Q4_K_M"},
    }
