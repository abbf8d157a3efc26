"""The embedding worker as its parent sees it: started by exec, asked one slice at a time."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

import wattos_platform
from wattos_platform.services.llm_gateway.adapters.minilm.worker_main import LENGTH, MAX_FRAME_BYTES
from wattos_platform.services.llm_gateway.ports import Embeddings

_MODULE = "wattos_platform.services.llm_gateway.adapters.minilm.worker_main"
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
_FLOAT_BYTES = 4
_END_S = 2.0


class WorkerFailed(Exception):  # noqa: N818 - what happened, not a kind of mistake
    """The worker died, answered nonsense or said that it could not embed these texts."""


def worker_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the worker's environment: one thread per library, the code's folder, and no key of anybody."""
    package = Path(wattos_platform.__file__).resolve().parents[1]
    kept = {name: environ[name] for name in _KEPT if name in environ}
    return {
        **kept,
        **dict.fromkeys(_ONE_THREAD, "1"),
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONPATH": str(package),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


class WorkerProcess:
    """One running worker. Not concurrent: the next slice is asked when the last one is answered."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, folder: Path) -> "WorkerProcess":
        """Execute the worker for the model in `folder`; OSError when that is not possible."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            _MODULE,
            str(folder),
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=worker_environment(os.environ),
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of `texts`. WorkerFailed when there is no answer that fits."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorkerFailed("the embedding worker has no pipes")
        frame = msgspec.json.encode({"texts": list(texts)})
        try:
            stdin.write(LENGTH.pack(len(frame)) + frame)
            await stdin.drain()
            (length,) = LENGTH.unpack(await stdout.readexactly(LENGTH.size))
            if length > MAX_FRAME_BYTES:
                raise WorkerFailed("the embedding worker answered out of turn")
            head = msgspec.json.decode(await stdout.readexactly(length))
            if "error" in head:
                raise WorkerFailed(head["error"])
            rows = await stdout.readexactly(len(texts) * head["width"] * _FLOAT_BYTES)
        except (OSError, EOFError, ValueError, RuntimeError) as error:
            # RuntimeError: uvloop's word for writing to a pipe whose reader died while nobody wrote.
            raise WorkerFailed(f"the embedding worker ended ({type(error).__name__})") from error
        return Embeddings(rows, head["width"], head["tokens"])

    async def stop(self) -> None:
        """Close its input, which ends it; kill it if that takes longer than 2 s."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_END_S):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
