"""POST /v1/embeddings."""

import base64
import struct
from collections.abc import Mapping
from typing import Any

from wattos_platform.services.simulator.domain.answer import Tokens
from wattos_platform.services.simulator.domain.requests import Incoming, Refusal, VectorsRequest, member


class Embeddings:
    """Vectors as lists of numbers, or as base64 of little-endian 32-bit floats."""

    content = "data"

    def asked(self, call: Incoming, /) -> VectorsRequest:
        """Return what the request asks for; a list of token numbers is one text."""
        given = member(call.body, "input", (str, list), "input is missing or wrong.")
        single = isinstance(given, str) or (bool(given) and isinstance(given[0], int))
        dimensions = call.body.get("dimensions")
        if dimensions is not None and (not isinstance(dimensions, int) or isinstance(dimensions, bool)):
            raise Refusal(400, "dimensions must be a whole number.", param="dimensions")
        return VectorsRequest(
            model=self.model(call),
            texts=[str(text) for text in ([given] if single else given)],
            dimensions=dimensions,
            base64=call.body.get("encoding_format") == "base64",
        )

    def model(self, call: Incoming, /) -> str:
        """Return the model; Refusal 400 without one."""
        return str(member(call.body, "model", str, "you must provide a model parameter"))

    def whole(
        self, asked: VectorsRequest, vectors: list[list[float]], tokens: Tokens | None, /
    ) -> Mapping[str, Any]:
        """Return a list of embeddings."""
        encode = _base64 if asked.base64 else list
        data = [
            {"object": "embedding", "index": number, "embedding": encode(vector)}
            for number, vector in enumerate(vectors)
        ]
        body = {"object": "list", "data": data, "model": asked.model}
        if tokens is None:
            return body
        return {**body, "usage": {"prompt_tokens": tokens.prompt, "total_tokens": tokens.prompt}}


def _base64(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
