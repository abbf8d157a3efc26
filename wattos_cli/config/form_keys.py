"""Which keys a table of a form may have: for suggestions."""

from typing import Any, get_args

from pydantic import BaseModel, RootModel


def known_keys(form: type[BaseModel], loc: tuple[str | int, ...]) -> set[str]:
    """Return the keys that the table at `loc` (as pydantic names places) within `form` may have."""
    for position, part in enumerate(loc):
        field = form.model_fields.get(str(part))
        if field is None:
            return set()
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, RootModel):
            tag = loc[position + 1] if position + 1 < len(loc) else ""
            inner = _chosen(inner, tag)
            return set(inner.model_fields) if inner else set()
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return set()
        form = inner
    return {field.alias or name for name, field in form.model_fields.items()}


def _chosen(root: type[RootModel[Any]], tag: str | int) -> type[BaseModel] | None:
    """Return the one of a union's models whose `kind` is `tag`."""
    members = get_args(root.model_fields["root"].annotation)
    return next((each for each in members if tag in get_args(each.model_fields["kind"].annotation)), None)
