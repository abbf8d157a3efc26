"""Vectors of texts that were embedded before: passages return question after question."""

from collections import OrderedDict
from collections.abc import Sequence

from wattos_platform.services.llm_gateway.ports import Embedder, Embeddings

CAPACITY = 4096  # rows of 1.5 KB: 6 MB


class CachedEmbedder:
    """An Embedder that asks `inner` only for texts it has not seen lately; the same text is asked once."""

    def __init__(self, inner: Embedder, capacity: int = CAPACITY) -> None:
        self._inner = inner
        self._capacity = capacity
        self._rows: OrderedDict[str, tuple[bytes, int]] = OrderedDict()

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the vectors of `texts` in their order; errors are those of `inner`."""
        rows = {text: self._rows[text] for text in texts if text in self._rows}
        missing = [text for text in dict.fromkeys(texts) if text not in rows]
        if missing:
            found = await self._inner.embed(missing)
            size = len(found.data) // len(missing)
            for number, text in enumerate(missing):
                rows[text] = found.data[number * size : (number + 1) * size], found.tokens[number]
        for text, row in rows.items():
            self._rows[text] = row
            self._rows.move_to_end(text)
        while len(self._rows) > self._capacity:
            self._rows.popitem(last=False)
        data = b"".join(rows[text][0] for text in texts)
        return Embeddings(data, len(rows[texts[0]][0]) // 4, [rows[text][1] for text in texts])
