"""The result as it is made, written and read is the one that is published."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from tests.fakes.cli import schemas
from wattos_cli.loadtest.result.shape import SCHEMA, Comparison, Result

Schema = Mapping[str, Any]


def resolved(schema: Schema, whole: Schema) -> Schema:
    reference = schema.get("$ref")
    return whole["$defs"][reference.removeprefix("#/$defs/")] if reference else schema


def parts(schema: Schema, whole: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield every part of a schema with the path of the values that it describes."""
    schema = resolved(schema, whole)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        for choice in choices:
            yield from parts(choice, whole, path)
        return
    yield path, schema
    below = {f".{name}": each for name, each in schema.get("properties", {}).items()}
    below |= {f"[{place}]": each for place, each in enumerate(schema.get("prefixItems", ()))}
    below |= {"{}": schema.get("additionalProperties"), "[]": schema.get("items")}
    for name, each in below.items():
        if each:
            yield from parts(each, whole, path + name)


def types(schema: Schema) -> set[tuple[str, str]]:
    """Return all that may stand anywhere: paths, each with a type; a word of a few is a string."""
    found = set()
    for path, part in parts(schema, schema):
        told = part.get("type", "string")
        found |= {(path, each) for each in ([told] if isinstance(told, str) else told)}
    return found


def required(schema: Schema) -> set[str]:
    """Return the paths of all that has to be there wherever the object is that it belongs to."""
    return {f"{path}.{name}" for path, part in parts(schema, schema) for name in part.get("required", ())}


RESULT = schemas.schema(SCHEMA)
MADE = msgspec.json.schema(Result)
COMPARED = schemas.schema("wattos.loadtest-compare/v1")
OF_THE_COMMAND = {".schema", ".now"}


def test_all_that_is_written_is_published_and_read_with_the_same_types() -> None:
    assert types(MADE) == types(RESULT)


def test_what_a_reader_needs_is_promised() -> None:
    assert required(MADE) <= required(RESULT)


def test_a_comparison_alone_is_what_stands_in_a_result() -> None:
    alone = {(path, type_) for path, type_ in types(COMPARED) if path not in OF_THE_COMMAND}
    assert alone == types(msgspec.json.schema(Comparison))


@pytest.mark.parametrize(("path", "words"), [(".verdict", {"pass", "fail", "invalid"})])
def test_words_of_which_one_is_meant_are_the_same(path: str, words: set[str]) -> None:
    for schema in (RESULT, MADE):
        assert {frozenset(part["enum"]) for at, part in parts(schema, schema) if at == path} == {
            frozenset(words)
        }
