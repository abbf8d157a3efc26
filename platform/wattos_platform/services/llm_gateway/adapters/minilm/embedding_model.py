"""Texts to vectors: tokenizer, slices that bound memory, encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from wattos_platform.services.llm_gateway.adapters.minilm.forward import Encoder
from wattos_platform.services.llm_gateway.adapters.minilm.model_files import map_weights, read_shape

MAX_TOKENS = 256  # sentence_bert_config.json: what the model was trained to pool over
_SLICE_TOKENS = 1024  # bounds the activations to a few MB, whatever one request asks for
_LONGEST_TEXT = 8 * 1024  # characters; more can never fit into MAX_TOKENS and only costs the tokenizer time


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors (one unit row per text) and how many tokens each text had, the two special ones included."""

    vectors: NDArray[np.float32]
    tokens: list[int]


class EmbeddingModel:
    """all-MiniLM-L6-v2; texts beyond 256 tokens are cut there, as its authors do."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()
        self._encoder = Encoder(map_weights(folder / "model.safetensors"), read_shape(folder))

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Return the vectors of `texts`, in their order."""
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch([t[:_LONGEST_TEXT] for t in texts])]
        rows: list[NDArray[np.float32]] = []
        pending: list[list[int]] = []
        for sequence in ids:
            if pending and sum(map(len, pending)) + len(sequence) > _SLICE_TOKENS:
                rows.append(self._encoder.encode(pending))
                pending = []
            pending.append(sequence)
        if pending:
            rows.append(self._encoder.encode(pending))
        return Embedded(np.concatenate(rows), [len(sequence) for sequence in ids])
