"""Answers as JSON: valid, and as the schema says, whatever the schema."""

from __future__ import annotations

import json

import jsonschema
import pytest

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 3, "maxLength": 8},
        "age": {"type": "integer", "minimum": 18, "exclusiveMaximum": 100},
        "score": {"type": "number", "maximum": 0.5},
        "born": {"type": "string", "format": "date"},
        "role": {"enum": ["admin", "member"]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "address": {"$ref": "#/$defs/address"},
        "boss": {"anyOf": [{"type": "null"}, {"$ref": "#"}]},
        "either": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        "all": {
            "allOf": [
                {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
                {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
            ]
        },
    },
    "required": ["name", "age", "address", "all"],
    "additionalProperties": False,
    "$defs": {
        "address": {
            "type": "object",
            "properties": {"lines": {"type": "array", "items": {"type": "string"}}},
            "required": ["lines"],
        }
    },
}
TREE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#"}},
    },
    "required": ["value"],
}
STEPS = {
    "type": "object",
    "properties": {"ten": {"type": "integer", "multipleOf": 10, "minimum": 15}},
    "required": ["ten", "undescribed"],
}


@pytest.mark.parametrize("schema", [PERSON, TREE, STEPS], ids=["person", "tree", "steps"])
def test_an_answer_fits_its_schema(client, schema):
    answer = client.chat.completions.create(
        model="qwen3.7-plus",
        messages=[{"role": "user", "content": "Describe somebody, please"}],
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "x", "schema": schema, "strict": True},
        },
        extra_body={"enable_thinking": False},
    )
    jsonschema.validate(json.loads(answer.choices[0].message.content), schema)


def test_json_mode_tells_about_documents(client, ready):
    file = client.files.create(file=("a.txt", b"one two three"), purpose="file-extract")
    ready(file.id)
    answer = client.chat.completions.create(
        model="qwen-long",
        messages=[
            {"role": "system", "content": f"fileid://{file.id}"},
            {"role": "user", "content": "As JSON, please"},
        ],
        response_format={"type": "json_object"},
    )
    assert json.loads(answer.choices[0].message.content)["documents"] == {"a.txt": 3}


def test_the_word_may_stand_anywhere(post):
    messages = [{"role": "system", "content": "Answer in JSON."}, {"role": "user", "content": "Hi"}]
    assert post(messages=messages, response_format={"type": "json_object"}).status_code == 200


def test_an_unknown_format_is_refused(post):
    refused = post(response_format={"type": "xml"})
    assert refused.json()["error"]["message"] == (
        "xml is not one of ['text', 'json_object'] - 'response_format.type'"
    )
