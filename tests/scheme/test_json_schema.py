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
from cbl_engine.errors import SchemeError
from cbl_engine.scheme import json_schema, json_schema_text, scheme_from_text
from cbl_engine.scheme.check import check_version
from cbl_engine.scheme.model import SchemeVersion
from cbl_engine.scheme.parts import as_tuples
from cbl_engine.shipped import shipped_folder
from tests.scheme.mutations import FILES, SCHEMES, misshapen

SCHEMA = shipped_folder("scheme.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(
    json_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
)
ONE_PART = {
    "order_or_stages", "start_without_source", "codes_missing", "codes_unused",
    "award_without_condition", "award_of", "award_field_needs", "instead_of_what",
    "within_of_what", "consequence_of_what", "consequence_months", "rung_profile",
    "quota_counts_what",
}
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
assessment:
  awards:
    ill: {label: Ill, when: active, since: band_from, lasts_months: 6, points: 5, most: 9}
    both: {label: Both, at_least: 1, of: [ill], up: 1, not_above: A}
  priority_date:
    first: registered_on
    instead: [{label: Earlier, months_earlier: 6}]
  status: [{label: Later, status: deferred, when: active}]
bedroom_standards:
  let:
    label: Sizes let
    own_room_from: 18
    table: [{when: children = 1, bedrooms: 2, sizes: [1, 2]}]
    sizes: {smaller: 1}
bands: {A: {label: Band A}}
bidding:
  window: {label: Week, opens: {day: monday, time: "00:00"}, closes: {day: sunday, time: "23:59"}}
  caps: {three: {label: Three bids, bids: 3, per: cycle}}
advertising:
  ladder:
    - {label: Again, step: readvertise}
    - {label: First come, step: first_come, profile: all_homes}
  quotas:
    quarter: {label: One in four, on: adverts, share: 0.25, profile: all_homes}
    half: {label: Half, on: lettings, share: 0.5, to: active}
offers:
  answer: {working_days: 2}
  refusals: {three_times: {label: Three refusals, after: 3, then: lower}}
consequences:
  lower: {label: A lower band, band: A, months: 6}
"""


def test_the_scheme_to_be_spoilt_is_valid() -> None:
    assert complaints(GOOD) == []
    scheme_from_text(GOOD)


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
        ("{label: Ill, when: active,", "{label: Ill,"),
        ("{label: Ill, when: active,", "{label: Ill, when: null,"),
        ("{label: Ill, when", "{when"),
        ("since: band_from, ", ""),
        ("since: band_from, ", "since: null, "),
        ("points: 5, ", ""),
        ("points: 5, ", "points: 5.5, "),
        ("lasts_months: 6", "lasts_months: 0"),
        ("at_least: 1, of: [ill]", "at_least: 1"),
        ("at_least: 1, of: [ill]", "at_least: 1, of: []"),
        ("at_least: 1, of: [ill]", "when: active, of: [ill]"),
        ("up: 1, not_above", "not_above"),
        ("up: 1, not_above", "up: 0, not_above"),
        ("months_earlier: 6", "when: active"),
        ("months_earlier: 6", "months_earlier: 6, take: award"),
        ("months_earlier: 6", "take: earliest"),
        ("months_earlier: 6", "months_earlier: null"),
        ("first: registered_on", "up: award"),
        ("first: registered_on", "first: registered_on\n    up: earliest"),
        ("status: deferred", "status: housed"),
        ("own_room_from: 18", "own_room_from: old"),
        ("own_room_from: 18", "own_room_from: 200"),
        ("own_room_from: 18", "own_room: 18"),
        ("when: children = 1, bedrooms", "bedrooms"),
        ("{smaller: 1}", "{smaller: 6}"),
        ("{smaller: 1}", "{fewer: 1}"),
        ("criteria:\n", "criterion:\n"),
        ('time: "00:00"', 'time: "24:00"'),
        ("day: monday", "day: Monday"),
        ("per: cycle", "per: week"),
        ("bids: 3", "bids: 0"),
        ("step: readvertise", "step: readvertise, profile: all_homes"),
        ("step: first_come, profile: all_homes", "step: first_come"),
        ("share: 0.25, profile: all_homes", "share: 0.25"),
        ("share: 0.25, profile: all_homes", "share: 0.25, profile: all_homes, to: active"),
        ("share: 0.5, to: active", "share: 0.5"),
        ("share: 0.5, to: active", "share: 1.5, to: active"),
        ("{working_days: 2}", "{working_days: 2, days: 2}"),
        ("{working_days: 2}", "{starts: sent}"),
        ("{working_days: 2}", "{working_days: 2, starts: read}"),
        ("{label: A lower band, band: A, months: 6}", "{label: A lower band, months: 6}"),
        ("{label: A lower band, band: A, months: 6}", "{label: Closed, cancel: false}"),
        ("{label: A lower band, band: A, months: 6}", "{label: Closed, cancel: true, months: 6}"),
        ("{label: A lower band, band: A, months: 6}", "{label: Both, band: A, review: true}"),
        ("profiles:\n  all_homes: {label: Every home, order: [{prefer: active}, {tie: human}]}\n",
         "profiles: {}\n"),
    ],
)
def test_a_broken_scheme_is_refused(good: str, bad: str) -> None:
    assert GOOD.count(good) == 1
    text = GOOD.replace(good, bad)
    assert complaints(text)
    with pytest.raises(SchemeError):
        scheme_from_text(text)


@pytest.mark.parametrize(
    ("good", "other"),
    [
        ("at_least: 1, of: [ill]", "when: active, at_least: 1, of: [ill]"),
        ("at_least: 1, of: [ill]", "when: active, of: []"),
        ("at_least: 1, of: [ill]", "when: active, at_least: null"),
        ("since: band_from, lasts_months: 6", "since: band_from, lasts_months: null"),
        ("months_earlier: 6", "months_earlier: null, date: registered_on"),
        ("months_earlier: 6", "take: original, bands: [A], when: active"),
        ("first: registered_on", "first: [registered_on, submitted_on]"),
        ("first: registered_on",
         "first: registered_on\n    joined: earliest\n    formerly: {Gold: A}"),
        ("own_room_from: 18", "own_room_from: never"),
        ("own_room_from: 18", "same_sex_until: any_age"),
        ("own_room_from: 18", "unborn_from_weeks: 0"),
        ("own_room_from: 18", "smallest_room_sq_ft: 50"),
        ("bedrooms: 2, sizes", "sizes"),
        ("{working_days: 2}", "{working_days: null, hours: 24, starts: viewed}"),
        ("share: 0.5, to: active", "share: 1, to: active, profile: all_homes"),
        ("share: 0.5, to: active", "share: 0.5, profile: all_homes"),
        ("{label: A lower band, band: A, months: 6}", "{label: Closed, cancel: true, review: false}"),
    ],
)
def test_what_loads_is_accepted(good: str, other: str) -> None:
    assert GOOD.count(good) == 1
    text = GOOD.replace(good, other)
    assert complaints(text) == []
    scheme_from_text(text)


@settings(max_examples=400, deadline=None)
@given(misshapen())
def test_it_refuses_what_the_engine_refuses_of_a_part_and_nothing_else(document: Any) -> None:
    valid = VALIDATOR.is_valid(as_json(document.data))
    try:
        version = SchemeVersion.model_validate(as_tuples(document.data))
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
