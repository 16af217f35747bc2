"""JSON Schema of a scheme file, for editors: completion, hover help, and mistakes while typing.

It is made from the models, so it accepts and refuses what they do, part by part. What needs the
whole file (names that exist, SQL that parses, dates in order) is for ``cbl validate``. Two things
YAML knows and JSON does not: a date is a text of that form, and a key is always a text.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from cbl_engine.scheme.check_assessment import NEEDS, ONE_OF_INSTEAD
from cbl_engine.scheme.check_offers import UNDER_A_PROFILE
from cbl_engine.scheme.facts import REDUCERS
from cbl_engine.scheme.keys import KEYS
from cbl_engine.scheme.model import SchemeVersion
from cbl_engine.scheme.offers import KINDS, UNITS

if TYPE_CHECKING:
    from pydantic_core import core_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


_GIVEN = {"not": {"type": "null"}}


def _given(*fields: str) -> dict[str, Any]:
    """Fields that are there and not null."""
    return {"required": list(fields), "properties": dict.fromkeys(fields, _GIVEN)}


def _needs(field: str, other: str) -> dict[str, Any]:
    """A field that means nothing without another."""
    return {"if": _given(field), "then": _given(other)}


def _holds(field: str) -> dict[str, Any]:
    """A field that is there, and neither null nor false."""
    return {"required": [field], "properties": {field: {"not": {"enum": [None, False]}}}}


_COUNTED = {"required": ["of"], "properties": {"of": {"minItems": 1}}}
_ALSO: dict[str, dict[str, Any]] = {
    "InForce": {
        "anyOf": [
            {"required": ["source"], "properties": {"source": {"type": "string"}}},
            {"required": ["assumed"], "properties": {"assumed": {"const": True}}},
        ]
    },
    "Column": {
        "if": {"properties": {"type": {"const": "code"}}},
        "then": {"required": ["codes"], "properties": {"codes": {"minItems": 1}}},
        "else": {"properties": {"codes": {"maxItems": 0}}},
    },
    "Profile": {
        "oneOf": [
            {"required": ["order"], "properties": {"order": {"minItems": 1}}},
            {"required": ["stages"], "properties": {"stages": {"minItems": 1}}},
        ]
    },
    "Award": {
        "anyOf": [_given("when"), _given("at_least")],
        "allOf": [
            {"if": _given("at_least"), "then": _COUNTED},
            {"if": _COUNTED, "then": _given("at_least")},
            *(_needs(field, other) for field, other in NEEDS.items()),
        ],
    },
    "Instead": {"oneOf": [_given(field) for field in ONE_OF_INSTEAD]},
    "Within": {"oneOf": [_given(unit) for unit in UNITS]},
    "Consequence": {
        "oneOf": [_holds(kind) for kind in KINDS],
        "if": _given("months"),
        "then": {"anyOf": [_given("band"), _given("down")]},
    },
    "Rung": {
        "if": {"properties": {"step": {"enum": list(UNDER_A_PROFILE)}}},
        "then": _given("profile"),
        "else": {"not": _given("profile")},
    },
    "Quota": {
        "if": {"properties": {"on": {"const": "adverts"}}},
        "then": {**_given("profile"), "not": _given("to")},
        "else": {"anyOf": [_given("profile"), _given("to")]},
    },
}
"""What :mod:`cbl_engine.scheme.check` asks of one part's fields together."""


class ForEditors(GenerateJsonSchema):
    """Pydantic's, with names closed to what their pattern refuses, and no titles made of names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Whether a field has a title of its own: never."""
        del schema
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> dict[str, Any]:
        """A mapping, closed to names that its pattern refuses."""
        made = super().dict_schema(schema)
        if "patternProperties" in made:
            made["additionalProperties"] = False
        return made


@lru_cache(maxsize=1)
def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scheme file."""
    made = SchemeVersion.model_json_schema(schema_generator=ForEditors)
    parts = made["$defs"]
    for part in parts.values():
        part["description"] = " ".join(part["description"].replace("``", "`").split())
        del part["title"]
    for name, rule in _ALSO.items():
        parts[name] |= rule
    for part in (made, *parts.values()):
        _say_kind(part)
        for field in part["properties"].values():
            _say_part(field, parts)
    return {"$schema": DIALECT, **made, "title": "Allocation scheme"}


def json_schema_text() -> str:
    """The schema as the file that editors read."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _say_kind(part: dict[str, Any]) -> None:
    """The field that names the kind of a key or fact says what the kind does."""
    for kind in (KEYS | REDUCERS).keys() & part["properties"].keys() & set(part.get("required", ())):
        part["properties"][kind].setdefault("description", part["description"])


def _say_part(field: dict[str, Any], parts: dict[str, Any]) -> None:
    """A field that holds parts of one kind, and says nothing of its own, says what they are."""
    inside = [field, field.get("items", {}), field.get("additionalProperties") or {}]
    inside += field.get("patternProperties", {}).values()
    named = [part["$ref"].rsplit("/", 1)[1] for part in inside if "$ref" in part]
    if named:
        field.setdefault("description", parts[named[0]]["description"])
