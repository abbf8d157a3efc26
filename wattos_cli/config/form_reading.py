"""Reads tables of a document as forms, and notes every mistake with its place."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wattos_cli.config.form_keys import known_keys
from wattos_cli.config.forms import reason_of
from wattos_cli.config.problems import suggestion
from wattos_cli.config.sources import Document

Place = tuple[str, ...]
FormT = TypeVar("FormT", bound=BaseModel)


class FormReader:
    """Reads tables of one document; what is wrong with them is among its problems then."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def form(self, form: type[FormT], path: Place, table: Mapping[str, Any]) -> FormT | None:
        """Return the table at `path` as `form`, None after noting what is wrong with it."""
        try:
            return form.model_validate(table)
        except ValidationError as error:
            for each in error.errors():
                self._note(form, path, each)
            return None

    def _note(self, form: type[BaseModel], path: Place, error: Any) -> None:
        loc = tuple(error["loc"])
        place = (*path, *_written(self._table_at(path), loc))
        name = ".".join(part for part in place if not part.isdigit()) or str(path[0] if path else "")
        if error["type"] == "extra_forbidden":
            known = known_keys(form, loc[:-1])
            self._document.problem(place, f"unknown key {place[-1]!r}.{suggestion(str(loc[-1]), known)}")
        elif error["type"] == "missing":
            missing = ".".join((*(part for part in path if not part.isdigit()), *map(str, loc)))
            self._document.problem(place, f"{missing} is missing.")
        else:
            reason, *mark = reason_of(error).split("\n")
            self._document.problem(place, "\n".join([f"{name}: {reason}.", *mark]))

    def _table_at(self, path: Place) -> Any:
        value: Any = self._document.content
        for part in path:
            value = value[int(part)] if isinstance(value, list) else value[part]
        return value


def _written(table: Any, loc: tuple[str | int, ...]) -> Place:
    """Return the part of `loc` that stands in the file, and its last part in any case.

    pydantic puts in what chose among several shapes.
    """
    path: list[str] = []
    for part, following in zip_longest(loc, loc[1:]):
        inside = isinstance(table, list) or (isinstance(table, dict) and part in table)
        value = table[part] if inside else None
        is_choice = isinstance(table, dict) and following in table and not isinstance(value, (dict, list))
        if is_choice or (following is not None and not inside):
            continue
        table = value
        path.append(str(part))
    return tuple(path)
