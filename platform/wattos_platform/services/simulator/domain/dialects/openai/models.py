"""GET /v1/models and /v1/models/{id}."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.requests import Incoming, Refusal

MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "llama3.2", "text-embedding-3-small")
_CREATED = 1_767_225_600


def list_models(_call: Incoming) -> Mapping[str, Any]:
    """Return all models."""
    return {"object": "list", "data": [_model(name) for name in MODELS]}


def read_model(call: Incoming) -> Mapping[str, Any]:
    """Return one model; Refusal 404 for one that is not listed."""
    name = call.path["model"]
    if name not in MODELS:
        raise Refusal(404, f"The model {name[:80]!r} does not exist.", param="model")
    return _model(name)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "simulator"}
