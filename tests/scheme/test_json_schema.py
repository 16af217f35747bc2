"""JSON Schema for editors: accepts what loads, refuses what does not, and explains every field."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from cbl_engine.documents import parse_document
from cbl_engine.scheme import json_schema, json_schema_text
from cbl_engine.scheme.check import check_version
from cbl_engine.scheme.load import _tuples
from cbl_engine.scheme.model import SchemeVersion
from cbl_engine.shipped import shipped_folder
from tests.scheme.mutations import FILES, SCHEMES, misshapen

SCHEMA = shipped_folder("scheme.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(
    json_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)
ONE_PART = {"order_or_stages", "start_without_source", "codes_missing", "codes_unused"}
"""Problems of one part's fields together, which the schema tells as well."""


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def complaints(text: str) -> list[Any]:
    return list(VALIDATOR.iter_errors(as_json(parse_document(text, "f.yaml").data)))


def test_the_schema_on_file_is_that_of_the_models() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == json_schema_text(), (
        "write it: cbl schema --out scenarios/scheme.schema.json"
    )


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: s.name)
def test_every_shipped_scheme_is_valid(scheme: Any) -> None:
    for document in scheme.documents:
        assert complaints(document.text) == []


GOOD = """\
scheme: harbour
title: Harbour homes
authority: Harbour Council
in_force: {from: 2024-01-01, source: P1}
sources: {P1: {title: Policy}}
columns:
  applications:
    kind: {type: code, codes: [a, b], label: kind of need}
criteria:
  active: {label: It is active, when: status = 'active'}
facts:
  adults: {label: Adults, count: people}
profiles:
  all_homes: {label: Every home, order: [{prefer: active}, {tie: human}]}
"""


def test_the_scheme_to_be_spoilt_is_valid() -> None:
    assert complaints(GOOD) == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("title: Harbour homes", "titel: Harbour homes"),
        ("title: Harbour homes", "title: 5"),
        ("title: Harbour homes", "title: ''"),
        ("scheme: harbour", "scheme: Harbour Town"),
        ("{label: It is active, when: status = 'active'}", "{when: status = 'active'}"),
        ("{label: It is active, when", "{label: It is active, unless: x, when"),
        ("  active: {label", "  Not a name: {label"),
        ("{prefer: active}", "{prefer: active, points: points}"),
        ("{prefer: active}", "{prefers: active}"),
        ("{prefer: active}", "{prefer: active, when_unknown: skip}"),
        ("{prefer: active}", "{bedroom_fit: tightest}"),
        ("{label: Adults, count: people}", "{label: Adults, count: people, max: age}"),
        ("{label: Adults, count: people}", "{label: Adults}"),
        ("{label: Adults, count: people}", "{label: Adults, count: homes}"),
        ("applications:", "bids:"),
        ("type: code, codes: [a, b]", "type: code"),
        ("type: code, codes: [a, b]", "type: text, codes: [a, b]"),
        ("{from: 2024-01-01, source: P1}", "{from: 2024-01-01}"),
        ("{from: 2024-01-01, source: P1}", "{from: soon, source: P1}"),
        ("order: [{prefer: active}, {tie: human}]", "order: {tie: human}"),
        ("order: [{prefer: active}, {tie: human}]", "order: []"),
        ("order: [{prefer: active}, {tie: human}]",
         "order: [{tie: human}], stages: [{order: [{tie: human}]}]"),
        ("criteria:\n", "criterion:\n"),
        ("profiles:\n  all_homes: {label: Every home, order: [{prefer: active}, {tie: human}]}\n",
         "profiles: {}\n"),
    ],
)
def test_a_broken_scheme_is_refused(good: str, bad: str) -> None:
    assert GOOD.count(good) == 1
    assert complaints(GOOD.replace(good, bad))


@settings(max_examples=400, deadline=None)
@given(misshapen())
def test_it_refuses_what_the_engine_refuses_of_a_part_and_nothing_else(document: Any) -> None:
    valid = VALIDATOR.is_valid(as_json(document.data))
    try:
        version = SchemeVersion.model_validate(_tuples(document.data))
    except ValidationError:
        loads = False
    else:
        problems = {problem.kind for problem in check_version(version, document)}
        loads = not problems & ONE_PART
    assert valid == loads


def test_every_field_says_what_it_is_for() -> None:
    schema = json_schema()
    silent = [
        f"{name}.{field}"
        for name, part in [("", schema), *schema["$defs"].items()]
        for field, about in part["properties"].items()
        if not about.get("description")
    ]
    assert not silent
    assert not [name for name, part in schema["$defs"].items() if not part.get("description")]
    kind = schema["$defs"]["BedroomFitKey"]["properties"]["bedroom_fit"]["description"]
    assert "fewest_spare: fewest bedrooms left over first" in kind


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_schema_that_a_scheme_names_for_editors_is_there(path: Any) -> None:
    for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
        named = re.findall(r"^# yaml-language-server: \$schema=(.+)$",
                           file.read_text(encoding="utf-8"), re.MULTILINE)
        assert all((file.parent / name).resolve() == SCHEMA.resolve() for name in named)
