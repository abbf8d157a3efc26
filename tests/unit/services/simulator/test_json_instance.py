"""A document that fits a schema: checked by a validator, over schemas that Hypothesis makes up."""

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattos_platform.services.simulator.domain.json_instance import instance_of

NAMES = st.sampled_from(["a", "b", "c", "d"])


@st.composite
def numbers(draw):
    kind = draw(st.sampled_from(["integer", "number"]))
    least = draw(st.none() | st.integers(-20, 20))
    most = draw(st.none() | st.integers(0, 20).map(lambda span: (least or 0) + span))
    bounds = {"minimum": least, "maximum": most}
    if draw(st.booleans()) and least is not None:
        bounds = {"exclusiveMinimum": least, "maximum": None if most is None else most + 1}
    return {"type": kind, **{name: bound for name, bound in bounds.items() if bound is not None}}


@st.composite
def texts(draw):
    least = draw(st.integers(0, 10))
    most = draw(st.none() | st.integers(least, 20))
    return {"type": "string", "minLength": least, **({} if most is None else {"maxLength": most})}


LEAVES = st.one_of(
    numbers(),
    texts(),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"const": [1, {"x": None}]}, {}]),
    st.lists(st.integers() | st.text(max_size=3), min_size=1, max_size=3).map(
        lambda values: {"enum": values}
    ),
    st.sampled_from(["string", "integer"]).map(lambda kind: {"type": ["null", kind]}),
)


def wider(inner):
    properties = st.dictionaries(NAMES, inner, max_size=4)
    objects = properties.flatmap(
        lambda given: st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.just(given),
                "required": st.lists(st.sampled_from(sorted(given)), unique=True) if given else st.just([]),
                "additionalProperties": st.just(False),
            }
        )
    )
    arrays = st.fixed_dictionaries({"type": st.just("array"), "items": inner, "minItems": st.integers(0, 3)})
    choices = st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})
    return objects | arrays | choices


@given(st.recursive(LEAVES, wider, max_leaves=8))
def test_what_comes_out_fits(schema):
    jsonschema.validate(instance_of(schema), schema)
    assert instance_of(schema) == instance_of(schema)


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {}),
        ({"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}, "required": ["a"]}, {"a": 0}),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}, False),
        (
            {
                "properties": {"a": {"$ref": "#/definitions/p~1q"}},
                "required": ["a"],
                "definitions": {"p/q": {"const": 5}},
            },
            {"a": 5},
        ),
        (
            {"allOf": [{"required": ["a"]}, {"properties": {"a": {"enum": ["x"]}}, "required": ["b"]}]},
            {"a": "x", "b": "text"},
        ),
        ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000000"),
        ({"type": "integer", "minimum": 5, "multipleOf": 4}, 8),
        ({"type": "array", "prefixItems": [{"const": 1}], "minItems": 2, "items": {"const": 2}}, [1, 2]),
        ({"$ref": "#/nowhere"}, "text"),
        ({"$ref": "#"}, "text"),
    ],
)
def test_one_schema(schema, document):
    assert instance_of(schema) == document


def test_a_schema_without_end_ends():
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}
    assert instance_of({"$ref": "#/$defs/node", "$defs": {"node": node}})["next"]
