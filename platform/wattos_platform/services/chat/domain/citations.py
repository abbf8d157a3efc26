"""From the passages handed to the model to the citations of its answer."""

from collections.abc import Iterable, Sequence

from wattos_platform.services.chat.domain.records import Source


def cited(passages: Sequence[Source], used_ids: Iterable[str]) -> tuple[Source, ...]:
    """Return the passages that were used, in the order of use, each once.

    An id that was never handed to the model is dropped: a citation must lead to a document.
    """
    by_id = {passage.id: passage for passage in passages}
    found: dict[str, Source] = {}
    for used in used_ids:
        passage = by_id.get(used)
        if passage is not None:
            found.setdefault(used, passage)
    return tuple(found.values())
