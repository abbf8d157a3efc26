"""The program of the embedding worker: frames on stdin, vectors on stdout, one thread, dies with its parent.

Usage: `python -P -m wattos_platform.services.llm_gateway.adapters.minilm.worker_main FOLDER PARENT_PID`.
A request is a u32 length and JSON `{"texts": [...]}`; an answer is a u32 length and JSON
`{"tokens": [...], "width": N}` or `{"error": "..."}`, then, unless an error, rows * width float32 values.
"""

import ctypes
import json
import os
import signal
import struct
import sys
from pathlib import Path
from typing import BinaryIO

LENGTH = struct.Struct("<I")
MAX_FRAME_BYTES = 16_000_000
_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGKILL when the parent dies; end at once if it is already gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(0)


def serve(folder: Path, source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until `source` ends. A text that cannot be embedded answers an error, nothing more."""
    from wattos_platform.services.llm_gateway.adapters.minilm.embedding_model import EmbeddingModel

    model = EmbeddingModel(folder)
    while head := source.read(LENGTH.size):
        (length,) = LENGTH.unpack(head)
        texts = json.loads(source.read(length))["texts"]
        try:
            embedded = model.embed(texts)
        except (ValueError, TypeError) as error:
            _write(sink, {"error": f"{type(error).__name__}: {error}"}, b"")
            continue
        rows = embedded.vectors.astype("<f4", copy=False).tobytes()
        _write(sink, {"tokens": embedded.tokens, "width": embedded.vectors.shape[1]}, rows)


def _write(sink: BinaryIO, head: dict[str, object], rows: bytes) -> None:
    text = json.dumps(head).encode()
    sink.write(LENGTH.pack(len(text)) + text + rows)
    sink.flush()


def main(argv: list[str]) -> int:
    """Serve on descriptors 0 and 1; whatever else prints goes to stderr."""
    die_with_parent(int(argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(Path(argv[0]), sys.stdin.buffer, sink)
    except BrokenPipeError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
