"""POST /api/embed."""

from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Tokens
from wattos_platform.services.simulator.domain.dialects.ollama.chat import durations
from wattos_platform.services.simulator.domain.requests import Incoming, VectorsRequest, member, positive


class Embed:
    """Vectors for one text or a list of them."""

    content = "embeddings"

    def asked(self, call: Incoming, /) -> VectorsRequest:
        """Return what the request asks for; Refusal 400 without a model or input."""
        model = str(member(call.body, "model", str, "model is required"))
        given = member(call.body, "input", (str, list), "invalid input type")
        texts = [given] if isinstance(given, str) else [str(text) for text in given]
        return VectorsRequest(model, texts, positive(call.body.get("dimensions")))

    def whole(
        self, asked: VectorsRequest, vectors: list[list[float]], tokens: Tokens | None, /
    ) -> Mapping[str, Any]:
        """Return the embeddings."""
        body: dict[str, Any] = {"model": asked.model, "embeddings": vectors}
        if tokens is None:
            return body
        spent = durations(tokens)
        times = {name: spent[name] for name in ("total_duration", "load_duration")}
        return {**body, **times, "prompt_eval_count": tokens.prompt}
