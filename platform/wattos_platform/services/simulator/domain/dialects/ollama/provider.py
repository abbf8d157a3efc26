"""Ollama's errors; it asks for no credentials."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.reply import Head
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal


class Ollama:
    """Errors are one text."""

    name = "ollama"
    missing_key = Refusal(401, "unauthorized")
    blocked = Refusal(400, "the prompt was blocked by the simulated filter")

    def has_key(self, _call: Incoming, /) -> bool:
        """Return True: none is needed."""
        return True

    def error(self, refusal: Refusal, _head: Head, /) -> Mapping[str, Any]:
        """Return {"error": text}."""
        return {"error": refusal.message}
