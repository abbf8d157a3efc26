"""Filters as a condition over `documents d`: a closed set of columns, every value a parameter."""

from dataclasses import dataclass

from wattos_platform.services.rag.domain.records import Filters

_COLUMNS = (("document_ids", "d.id"), ("documents", "d.name"), ("media_types", "d.media_type"))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which documents may answer: a condition without any value of a caller in it, and the values."""

    condition: str
    values: dict[str, object]


def allowed(filters: Filters) -> Allowed:
    """Return the condition for ready documents that pass all of `filters`."""
    conditions = ["d.status = 'ready'"]
    values: dict[str, object] = {}
    for name, column in _COLUMNS:
        wanted: tuple[str, ...] | None = getattr(filters, name)
        if wanted is None:
            continue
        parameters = [f"{name}_{at}" for at in range(len(wanted))]
        conditions.append(f"{column} IN ({', '.join(f':{parameter}' for parameter in parameters)})")
        values.update(zip(parameters, wanted, strict=True))
    return Allowed(" AND ".join(conditions), values)
