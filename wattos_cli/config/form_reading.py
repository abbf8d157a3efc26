"""Reads tables of a document as forms, and notes every mistake with its place."""

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from wattos_cli.config.form_keys import known_keys
from wattos_cli.config.forms import reason_of
from wattos_cli.config.problems import ExpressionError, sentence, suggestion
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
        place = (*path, *_written(self._value_at(path), loc))
        cause = error.get("ctx", {}).get("error")
        if error["type"] == "extra_forbidden":
            known = known_keys(form, loc[:-1])
            self._document.problem(place, f"unknown key {place[-1]!r}.{suggestion(str(loc[-1]), known)}")
        elif error["type"] == "missing":
            self._document.problem(place, f"{_name((*path, *map(str, loc)))} is missing.")
        elif isinstance(cause, ExpressionError):
            self._document.problem_within(place, _name(place), cause)
        else:
            place, reason = self._at_its_key(place, reason_of(error))
            self._document.problem(place, f"{_name(place)}: {sentence(reason)}")

    def _at_its_key(self, place: Place, reason: str) -> tuple[Place, str]:
        """Return the place of the key that the reason for a whole table begins with, and the rest of it."""
        key, _, rest = reason.partition(": ")
        table = self._value_at(place)
        return ((*place, key), rest) if rest and isinstance(table, dict) and key in table else (place, reason)

    def _value_at(self, path: Place) -> Any:
        """Return what the file has at `path`, None if nothing stands there."""
        value: Any = self._document.content
        for part in path:
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (LookupError, TypeError, ValueError):
                return None
        return value


def _name(place: Place) -> str:
    """Return how a place is called: without the numbers of tables in a row."""
    return ".".join(part for part in place if not part.isdigit())


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
