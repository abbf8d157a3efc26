"""JSON Schemas on their way to providers that take only a part of them."""

from typing import Any

import pytest

from wattos_platform.services.llm_gateway.domain.failures import ProviderFailure
from wattos_platform.services.llm_gateway.domain.formats.anthropic.schema import structured
from wattos_platform.services.llm_gateway.domain.formats.google.schema import cleaned


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"type": "string", "const": "a"}, {"type": "STRING", "enum": ["a"]}),
        ({"const": 5}, {}),
        ({"enum": ["a", None]}, {"enum": ["a"], "nullable": True, "type": "STRING"}),
        ({"type": ["string", "null"]}, {"type": "STRING", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "STRING"}, {"type": "INTEGER"}]}),
        ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"type": "STRING", "nullable": True}),
        ({"type": "object", "additionalProperties": False, "$schema": "x"}, {"type": "OBJECT"}),
        (
            {"type": "array", "items": {"type": "integer", "multipleOf": 2}},
            {"type": "ARRAY", "items": {"type": "INTEGER"}},
        ),
        ({"type": "string", "format": "uri"}, {"type": "STRING"}),
        ({"type": "string", "format": "date-time"}, {"type": "STRING", "format": "date-time"}),
        (
            {
                "allOf": [
                    {"properties": {"a": {"type": "string"}}, "required": ["a"]},
                    {"properties": {"b": True}},
                ]
            },
            {"properties": {"a": {"type": "STRING"}, "b": {}}, "required": ["a"]},
        ),
        (
            {
                "$ref": "#/$defs/a~1b",
                "description": "d",
                "$defs": {"a/b": {"type": "string", "description": "x"}},
            },
            {"type": "STRING", "description": "d"},
        ),
    ],
)
def test_what_gemini_gets(given: dict[str, Any], made: dict[str, Any]):
    assert cleaned("m", given, "w") == made


@pytest.mark.parametrize("reference", ["#/$defs/none", "https://example.org/schema", "#/$defs"])
def test_a_reference_that_leads_nowhere(reference: str):
    with pytest.raises(ProviderFailure, match="leads nowhere") as caught:
        cleaned("m", {"$ref": reference}, "tools[0].function.parameters")
    assert (caught.value.kind, caught.value.param) == ("caller", "tools[0].function.parameters")


def test_what_refers_to_itself_cannot_be_said_to_gemini():
    tree = {"type": "object", "properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}}
    with pytest.raises(ProviderFailure) as caught:
        cleaned("m", tree, "w")
    assert (caught.value.kind, caught.value.param) == ("unsupported", "w")


def test_what_grows_without_end_is_cut_off_early():
    doubling: dict[str, Any] = {
        f"d{n}": {
            "type": "object",
            "properties": {"a": {"$ref": f"#/$defs/d{n + 1}"}, "b": {"$ref": f"#/$defs/d{n + 1}"}},
        }
        for n in range(25)
    }
    schema = {"$ref": "#/$defs/d0", "$defs": {**doubling, "d25": {"type": "string"}}}
    with pytest.raises(ProviderFailure):
        cleaned("m", schema, "w")


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (
            {"type": "string", "minLength": 2, "pattern": "a"},
            {"type": "string", "description": '(minLength: 2, pattern: "a")'},
        ),
        (
            {"type": "integer", "description": "An age.", "minimum": 0},
            {"type": "integer", "description": "An age. (minimum: 0)"},
        ),
        (
            {"type": "object", "properties": {}},
            {"type": "object", "properties": {}, "additionalProperties": False},
        ),
        ({"type": ["object", "null"]}, {"type": ["object", "null"], "additionalProperties": False}),
        (
            {"type": "array", "minItems": 1, "items": {"type": "object"}},
            {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": False}},
        ),
        ({"type": "array", "minItems": 3}, {"type": "array", "description": "(minItems: 3)"}),
        ({"oneOf": [{"const": 1}]}, {"anyOf": [{"const": 1}]}),
        ({"type": "string", "format": "email"}, {"type": "string", "format": "email"}),
        ({"type": "string", "format": "iban"}, {"type": "string", "description": '(format: "iban")'}),
    ],
)
def test_what_claude_gets(given: dict[str, Any], made: dict[str, Any]):
    assert structured("m", given, "w") == made


def test_a_schema_nested_too_deeply():
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(5000):
        schema = {"type": "array", "items": schema}
    for reading in (structured, cleaned):
        with pytest.raises(ProviderFailure) as caught:
            reading("m", schema, "w")
        assert caught.value.kind == "unsupported"
