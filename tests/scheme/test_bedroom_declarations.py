"""Bedroom standards in scheme files: what loads, and where each mistake is reported."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from cbl_engine.errors import SchemeError
from cbl_engine.scheme import json_schema, scheme_from_text
from cbl_engine.scheme.bedrooms import BedroomStandard
from cbl_engine.scheme.standards import overcrowding_law, resolve_standard, shipped_standards

HEAD = """scheme: small
title: Small
authority: nobody
in_force: {from: 2020-01-01, assumed: true}
profiles:
  all_homes: {label: All, illustrative: true, order: [{bid_time: first}, {tie: human}]}
columns:
  applications:
    downsizing: {type: bool, label: gives up a larger home}
    agreed: {type: int, label: rooms agreed}
bedroom_standards:
"""


def load(text):
    return scheme_from_text(HEAD + text).versions[0].bedroom_standards


def problem(text):
    with pytest.raises(SchemeError) as caught:
        load(text)
    (found,) = caught.value.problems
    return found


def test_a_scheme_may_have_several_and_extend_a_shipped_one():
    standards = load(
        "  now: {label: Overcrowded now, illustrative: true, extends: twenty_one_year}\n"
        "  let:\n"
        "    label: Size to let\n"
        "    illustrative: true\n"
        "    extends: twenty_one_year\n"
        "    own_room_from: 18\n"
        "    extra_rooms: agreed\n"
        "    sizes: {smaller: 1, larger: 1, larger_if: downsizing}\n"
    )
    assert resolve_standard(standards["now"]).own_room_limit() == 21
    let = resolve_standard(standards["let"])
    assert (let.own_room_limit(), let.same_sex_limit(), let.any_sex_limit()) == (18, 18, 10)
    assert let.label == "Size to let"
    assert let.extends is None


@pytest.mark.parametrize(
    ("text", "kind", "where", "words"),
    [
        ("  a: {label: A, extends: twenty_one}\n", "unknown_standard", "12:26", "twenty_one_year"),
        ("  scottish: {label: A}\n", "name_taken", "12:3", "extends: scottish"),
        ("  a: {label: A, own_room_form: 18}\n", "scheme_extra_forbidden", "12:17", "own_room_from"),
        ("  a: {label: A, own_room_from: old}\n", "scheme_value", "12:32", "never"),
        ("  a: {label: A, any_sex_until: 200}\n", "scheme_less_than_equal", "12:32", "120"),
        ("  a: {label: A, same_sex_from: 16}\n", "ages_contradict", "12:32", "below 16"),
        ("  a: {label: A, extra_rooms: agred}\n", "unknown_name", "12:30", "agreed"),
        ("  a: {label: A, sizes: {larger: 1, larger_if: agreed}}\n", "unknown_name", "12:47",
         "type bool"),
        ("  a: {label: A, in_force: {from: 2024-01-01}}\n", "start_without_source", "12:27",
         "assumed: true"),
        ("  a: {label: A, in_force: {from: 2024-01-01, until: 2023-01-01, assumed: true}}\n",
         "dates_reversed", "12:53", "a date after 2024-01-01"),
        ("  a:\n    label: A\n    table:\n      - {when: childs = 1, bedrooms: 2}\n",
         "unknown_name", "15:16", "child"),
        ("  a:\n    label: A\n    table:\n      - {when: children + 1, bedrooms: 2}\n",
         "not_a_condition", "15:16", "true or false"),
    ],
)
def test_a_mistake_is_reported_where_it_stands(text, kind, where, words):
    found = problem(text)
    assert found.kind == kind
    assert found.where == f"scheme.yaml:{where}"
    assert words in found.line()


_PAGE = Path(__file__).parents[2] / "docs" / "bedrooms.md"


@pytest.mark.parametrize(
    "block", re.findall(r"^```yaml\nbedroom_standards:\n(.*?)^```", _PAGE.read_text("utf-8"),
                        re.MULTILINE | re.DOTALL))
def test_the_examples_of_the_page_load(block):
    head = HEAD.replace("columns:", "sources: {B1: {title: A page}}\ncolumns:")
    assert scheme_from_text(head + block).versions[0].bedroom_standards


def test_the_page_names_every_field_and_every_shipped_standard():
    text = _PAGE.read_text("utf-8")
    fields = set(BedroomStandard.model_fields) - {"label", "source", "illustrative", "notes"}
    assert all(f"`{name}`" in text for name in fields | set(shipped_standards()))


def test_every_shipped_standard_has_a_source():
    standards = shipped_standards()
    assert {"twenty_one_year", "universal_credit", "housing_benefit", "eighteen_year",
            "same_sex_any_age", "scottish", "bed_spaces"} <= set(standards)
    assert all(standard.source for standard in standards.values())


def test_a_standard_and_the_law_are_for_the_dates_they_are_in_force():
    with pytest.raises(SchemeError, match="not in force on this date; given 2012-01-01"):
        resolve_standard("universal_credit", date(2012, 1, 1))
    assert resolve_standard("universal_credit", date(2026, 1, 1)).couples == "applicant_only"
    with pytest.raises(SchemeError, match="no law of overcrowding"):
        overcrowding_law(date(1980, 1, 1))
    with pytest.raises(SchemeError, match="no bedroom standard named lha"):
        resolve_standard("lha")


def test_the_json_schema_knows_bedroom_standards():
    schema = json_schema()
    assert "bedroom_standards" in schema["properties"]
    assert "own_room_from" in schema["$defs"]["BedroomStandard"]["properties"]
