"""Matrices that are made, and numpy imported, when the first vectors are searched."""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from wattos_platform.services.rag.domain.records import Space
from wattos_platform.services.rag.ports import VectorPages

_MODULE = "wattos_platform.services.rag.adapters.matrices"

if TYPE_CHECKING:
    from wattos_platform.services.rag.adapters.matrices import Matrices


class LazyMatrices:
    """A VectorIndex; a space without vectors costs nothing, and a process forked early loads no numpy."""

    def __init__(self, store: VectorPages, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._made: Matrices | None = None

    async def search(
        self, space: Space, query: bytes, count: int, allowed: Sequence[int] | None, also: Sequence[int]
    ) -> dict[int, float]:
        """See VectorIndex."""
        made = self._made
        if made is None:
            module = await asyncio.to_thread(import_module, _MODULE)  # numpy takes its time to load
            made = self._made = self._made or module.Matrices(self._store, self._folder)
        return await made.search(space, query, count, allowed, also)

    def close(self) -> None:
        """Let go what was made."""
        if self._made is not None:
            self._made.close()
