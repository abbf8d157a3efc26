"""BERT's forward pass in numpy, mean pooling and normalisation included (Devlin et al., 2018; MiniLM-L6)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from wattos_platform.services.llm_gateway.adapters.minilm.model_files import ModelShape

Array = NDArray[np.float32]

# Abramowitz and Stegun 7.1.26: |error| <= 1.5e-7, below what float32 resolves here. numpy has no erf.
_ERF_P = np.float32(0.3275911)
_ERF = tuple(np.float32(a) for a in (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429))
_SQRT_HALF = np.float32(0.7071067811865476)
_GELU_ROWS = 16


def gelu(x: Array) -> Array:
    """Return x * Phi(x), the exact (erf) form that BERT uses, elementwise.

    It goes in blocks of rows whose intermediate values stay in the processor's cache: all at once, it would
    mostly wait for memory, for a quarter of the time that an embedding takes.
    """
    y = np.empty_like(x)
    for start in range(0, len(x), _GELU_ROWS):
        _gelu_block(x[start : start + _GELU_ROWS], y[start : start + _GELU_ROWS])
    return y


def _gelu_block(x: Array, y: Array) -> None:
    """Write gelu(x) to `y`: max(x, 0) - |x| * (1 - Phi(|x|))."""
    size = np.abs(x)
    z = size * _SQRT_HALF
    t = z * _ERF_P
    t += 1
    np.reciprocal(t, out=t)
    tail = t * _ERF[4]
    for coefficient in reversed(_ERF[:4]):
        tail += coefficient
        tail *= t
    np.square(z, out=z)
    np.negative(z, out=z)
    np.exp(z, out=z)
    tail *= z
    tail *= size
    tail *= np.float32(0.5)
    np.maximum(x, 0, out=y)
    y -= tail


def layer_norm(x: Array, weight: Array, bias: Array, eps: float) -> Array:
    """Return x with mean 0 and variance 1 along the last axis, scaled and shifted."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.mean(np.square(centred), axis=-1, keepdims=True)
    return np.asarray(centred / np.sqrt(variance + eps) * weight + bias, dtype=np.float32)


class Encoder:
    """Turns token ids into unit vectors; not thread-safe for speed, one per process."""

    def __init__(self, weights: Mapping[str, Array], shape: ModelShape) -> None:
        self._w = weights
        self._shape = shape
        width = weights["embeddings.word_embeddings.weight"].shape[1]
        self._head_width = width // shape.heads
        self._scale = np.float32(1.0 / np.sqrt(self._head_width))

    def encode(self, sequences: Sequence[Sequence[int]]) -> Array:
        """Return one row per sequence, each of length 1 (euclidean).

        All sequences are laid end to end, so that the dense layers see one tall matrix and no padding is
        ever computed; attention runs per sequence. Memory grows with the sum of the lengths.
        """
        bounds = np.cumsum([0, *(len(ids) for ids in sequences)])
        x = self._embed(sequences)
        for layer in range(self._shape.layers):
            x = self._layer(x, f"encoder.layer.{layer}.", bounds)
        pooled = np.stack([x[a:b].mean(axis=0) for a, b in pairwise(bounds)])
        norms = np.linalg.norm(pooled, axis=1, keepdims=True)
        return np.asarray(pooled / np.maximum(norms, 1e-12), dtype=np.float32)

    def _embed(self, sequences: Sequence[Sequence[int]]) -> Array:
        ids = np.concatenate([np.asarray(ids, dtype=np.int64) for ids in sequences])
        positions = np.concatenate([np.arange(len(ids)) for ids in sequences])
        x = (
            self._w["embeddings.word_embeddings.weight"][ids]
            + self._w["embeddings.position_embeddings.weight"][positions]
            + self._w["embeddings.token_type_embeddings.weight"][0]
        )
        return self._norm(x, "embeddings.LayerNorm")

    def _layer(self, x: Array, prefix: str, bounds: NDArray[np.int64]) -> Array:
        attended = self._dense(self._attention(x, prefix, bounds), prefix + "attention.output.dense")
        x = self._norm(x + attended, prefix + "attention.output.LayerNorm")
        inner = gelu(self._dense(x, prefix + "intermediate.dense"))
        return self._norm(x + self._dense(inner, prefix + "output.dense"), prefix + "output.LayerNorm")

    def _attention(self, x: Array, prefix: str, bounds: NDArray[np.int64]) -> Array:
        query, key, value = (
            self._dense(x, f"{prefix}attention.self.{part}").reshape(
                len(x), self._shape.heads, self._head_width
            )
            for part in ("query", "key", "value")
        )
        mixed = np.empty_like(query)
        for a, b in pairwise(bounds):
            scores = np.matmul(query[a:b].transpose(1, 0, 2), key[a:b].transpose(1, 2, 0)) * self._scale
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            mixed[a:b] = np.matmul(scores, value[a:b].transpose(1, 0, 2)).transpose(1, 0, 2)
        return mixed.reshape(len(x), -1)

    def _dense(self, x: Array, name: str) -> Array:
        return x @ self._w[name + ".weight"].T + self._w[name + ".bias"]

    def _norm(self, x: Array, name: str) -> Array:
        return layer_norm(x, self._w[name + ".weight"], self._w[name + ".bias"], self._shape.layer_norm_eps)
