"""Scenarios in words, and their JSON Schema."""

from __future__ import annotations

import json

import jsonschema
import pytest

from cbl_engine.documents import read_document
from cbl_engine.shipped import shipped_folder
from cbl_engine.simulate.describe import describe_scenario
from cbl_engine.simulate.json_schema import scenario_schema, scenario_schema_text
from cbl_engine.simulate.parameters import Parameter
from cbl_engine.simulate.words import as_written, value
from tests.commands import exit_code

SHIPPED = sorted(shipped_folder("simulations").glob("*.yaml"))
WHOLE = """
title: A borough with everything
scheme: sheffield
world: {households: 300, homes: 900, authority_type: unitary}
start: 2026-04-06
weeks: 52
replications: 1
seed: 7
assess_every: 1
response: high
policy_changes_on: 2026-10-01
parameters:
  bidding.most_bids: {number: 2, source: the council's own logs}
new_homes:
  - {on: 2026-09-01, homes: 24, bedrooms: 2}
acquisitions:
  - {on: 2026-05-01, homes: 3, bedrooms: 1}
  - {on: 2026-05-01, homes: 1200, bedrooms: 0, tenanted: true}
decants:
  - {on: 2026-06-01, homes: 1, because: works}
  - {on: 2026-06-02, homes: 40, because: demolition}
scheme_set: {title: Another title}
warm_up: 26
outcomes: [lettings, "void_days:tenancy, mean"]
changes:
  - on: 2026-09-07
    title: Longer cycles, and four teams
    why: Cabinet, 7 July 2026.
    scheme_set: {bidding.cycle.days: 14}
    parameters:
      voids.works_teams: {number: 4, source: the new contract}
variants:
  teams:
    title: A limit on works, and standard works shorter
    response: low
    register_again_on: 2026-11-01
    new_homes: []
    decants: []
    scheme_set: {notes: null}
    changes:
      - {scheme: breckland, transition: only_new}
      - {on: 2027-01-04, scheme_set: {title: A third title}, over_weeks: 26}
    parameters:
      voids.works_days:
        days_by:
          none: {0: 0, 100: 1}
          standard: {0: 2, 50: 9, 90: 19, 100: 37}
          major: {0: 21, 50: 56, 90: 120, 100: 240}
          adaptation: {0: 14, 50: 42, 90: 90, 100: 180}
        assumed: the lever
"""
IN_WORDS = """\
A borough with everything
=========================

Scheme sheffield.

The world
---------
  - A made-up register of 300 households, by the published shares of unitary
    authorities.
  - A made-up stock of 900 homes.
  - 24 new homes with 2 bedrooms on 1 September 2026.
  - 3 homes with 1 bedroom are bought empty on 1 May 2026.
  - 1,200 bedsits are bought with their tenants on 1 May 2026.
  - On 1 June 2026 the tenants of 1 home must move out for works, and come back.
  - On 2 June 2026 the tenants of 40 homes must move out for demolition.

How it is run
-------------
  - 52 weeks from 5 October 2026, after 26 weeks that are left out.
  - 1 world that differs by luck alone, from seed 7.
  - Households are assessed anew every week, where something happened or is due.
  - Households respond to policy much.
  - They respond from 1 October 2026.
  - A comparison looks at: lettings; days empty (tenancy, mean).

Levers
------
  - In the scheme, title is Another title.

What changes, and when
----------------------
  - From 7 September 2026: Longer cycles, and four teams. Cabinet, 7 July 2026.
    - In the scheme, bidding.cycle.days is 14.
    - voids.works_teams: Works that can go on at once; 0 is no limit: 4, in place of 0
      (homes).

Values that are not the shipped ones
------------------------------------
  - bidding.most_bids. value: 2. shipped: 3. from: the council's own logs

What it is compared with
------------------------

teams: A limit on works, and standard works shorter
...................................................
  - Households respond to policy little.
  - Everybody must register again by 1 November 2026.
  - No new homes.
  - No decants.
  - In the scheme, notes is taken out.
  - voids.works_days: Days of works, by kind: standard 0%: 2, 50%: 9, 90%: 19, 100%: 37,
    in place of standard 0%: 3, 50%: 14, 90%: 28, 100%: 56 (days).
  - From 5 October 2026.
    - Scheme breckland.
    - Only those who join from then on are assessed by it.
  - From 4 January 2027.
    - In the scheme, title is A third title.
    - Those who wait already are assessed by it over 26 weeks.
"""


def _plain(data):
    return json.loads(json.dumps(data, default=str))


def test_a_scenario_is_read_back_whole(tmp_path):
    path = tmp_path / "whole.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    assert describe_scenario(path).text() == IN_WORDS
    jsonschema.validate(_plain(read_document(path).data), scenario_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_scenarios_fit_the_schema_and_are_told_with_each_variant(path):
    data = read_document(path).data
    jsonschema.validate(_plain(data), scenario_schema())
    text = describe_scenario(path).text()
    assert all(variant["title"] in text for variant in data.get("variants", {}).values())


@pytest.mark.parametrize("change", [
    {"weeks": 0}, {"horizon": 5}, {"response": "loud"}, {"start": "soon"}, {"title": None},
    {"parameters": {"bidding.most": {"number": 1, "assumed": "x"}}},
    {"parameters": {"bidding.most_bids": {"number": 1}}},
    {"parameters": {"bidding.most_bids": {"number": 1, "share": 0.5, "assumed": "x"}}},
    {"variants": {"b": {"scheme": "sheffield"}}}, {"outcomes": ["letting"]}, {"warm_up": -1},
    {"changes": [{"on": "soon"}]}, {"changes": [{"transition": "some"}]},
    {"changes": [{"parameters": {"stock.new_per_year": {"rate": 0.1, "assumed": "x"}}}]},
], ids=str)
def test_the_schema_refuses_what_the_reader_refuses(change):
    data = {"title": "t", "scheme": "sheffield", "start": "2026-04-06", **change}
    check = jsonschema.Draft202012Validator(
        scenario_schema(), format_checker=jsonschema.FormatChecker())
    assert not check.is_valid(data)


def test_every_field_says_what_it_is():
    made = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    for part in (made, *made["$defs"].values()):
        assert all(field.get("description") for field in part["properties"].values())


def test_the_command_prints_the_schema_of_scenarios(capsys):
    assert exit_code("schema", "--scenario") == 0
    assert capsys.readouterr().out == scenario_schema_text()


def test_a_value_of_a_scheme_is_said_as_its_file_has_it():
    given = {"weekly": {"label": "Two bids", "bids": 2, "illustrative": True}, "of": ["a", "b"]}
    assert as_written(given) == \
        "{weekly: {label: Two bids, bids: 2, illustrative: true}, of: [a, b]}"


def test_months_are_told_in_their_order_and_names_in_the_order_given():
    months = Parameter(shares={str(n): 0.05 for n in (1, 10, 11, 12, *range(2, 10))}, assumed="x")
    assert value(months) == ", ".join(f"{n} 0.05" for n in range(1, 13))
    assert value(Parameter(weights={"late": 1, "early": 2}, assumed="x")) == "late 1, early 2"
