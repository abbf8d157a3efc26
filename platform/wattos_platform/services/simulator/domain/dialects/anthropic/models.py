"""GET /v1/models and /v1/models/{id}, for callers that name a version of Anthropic's API."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.dialects.anthropic.provider import check_version
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal

MODELS = {
    "claude-opus-4-5": "Claude Opus 4.5",
    "claude-sonnet-4-5": "Claude Sonnet 4.5",
    "claude-haiku-4-5": "Claude Haiku 4.5",
}


def list_models(call: Incoming) -> Mapping[str, Any]:
    """Return all models on one page."""
    check_version(call)
    names = list(MODELS)
    data = [_model(name) for name in names]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}


def read_model(call: Incoming) -> Mapping[str, Any]:
    """Return one model; Refusal 404 for one that is not listed."""
    check_version(call)
    name = call.path["model"]
    if name not in MODELS:
        raise Refusal(404, f"model: {name[:80]}")
    return _model(name)


def _model(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": MODELS[name],
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }
