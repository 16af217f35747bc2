"""Facts over connections: nested areas, windows, breaks, holders, and dates that are missing."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.assess import area_closure, columns_read, pair_fact_values
from cbl_engine.tables import Ordinals


def d(text):
    return text and date.fromisoformat(text)


def stay(since, until=None, area="mill", **more):
    return {"area": area, "since": d(since), "until": d(until), **more}


def test_an_area_lies_in_itself_and_everything_around_it():
    areas = pl.DataFrame(
        {"id": ["a", "b", "c", "d"], "parent": ["b", "c", None, "nowhere"]},
        schema={"id": pl.String, "parent": pl.String},
    )
    assert sorted(area_closure(areas).rows()) == [
        ("a", "a"), ("a", "b"), ("a", "c"), ("b", "b"), ("b", "c"), ("c", "c"), ("d", "d"),
        ("d", "nowhere"),
    ]  # fmt: skip


def test_areas_in_a_circle_end():
    areas = pl.DataFrame({"id": ["a", "b"], "parent": ["b", "a"]})
    assert sorted(area_closure(areas).rows()) == [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]


@pytest.mark.parametrize(
    ("rule", "stays", "expected"),
    [
        # As at 31 March 2024, without a break until now.
        ("consecutive: true", [stay("2022-03-31")], 24),
        ("consecutive: true", [stay("2022-04-01")], 23),
        ("consecutive: true", [stay("2020-01-01", "2024-03-30")], 0),
        ("consecutive: true", [stay("2020-01-01", "2024-03-31")], 50),
        ("consecutive: true", [stay("2020-01-31", "2022-01-31"), stay("2022-01-31")], 50),
        ("consecutive: true", [stay("2020-01-31", "2022-01-30"), stay("2022-01-31")], 26),
        ("consecutive: true", [stay("2020-01-31", "2023-01-01"), stay("2022-01-31")], 50),
        ("consecutive: true", [stay("2020-01-31"), stay("2022-01-31", "2022-02-01")], 50),
        ("consecutive: true", [stay("2023-03-31", area="mill"), stay("2022-03-31", "2023-03-31",
                                                                     area="quay")], 24),
        ("consecutive: true", [stay("2024-04-01")], 0),
        ("consecutive: true", [], 0),
        # In several stays, within a window.
        ("window_months: 12", [stay("2020-01-01")], 12),
        ("window_months: 12", [stay("2020-01-01", "2023-03-31")], 0),
        ("window_months: 12", [stay("2020-01-01", "2023-05-31")], 2),
        ("window_months: 12", [stay("2023-04-15", "2023-06-14"), stay("2023-08-01", "2023-09-02")],
         3),
        ("window_months: 12", [stay("2023-04-15", "2023-05-04"), stay("2023-08-01", "2023-08-11")],
         0),
        ("window_months: 12", [stay("2023-04-15", "2023-05-05"), stay("2023-08-01", "2023-08-11")],
         1),
        ("window_months: 1", [stay("2020-01-01")], 1),
        # All stays together.
        ("consecutive: false", [stay("2020-01-01", "2021-01-01"), stay("2023-03-31")], 24),
        # Not known when any of them began.
        ("consecutive: true", [stay("2022-03-31"), stay(None)], None),
        ("window_months: 12", [stay(None, "2023-03-01")], None),
        # Elsewhere, or of another kind.
        ("consecutive: true", [stay("2022-03-31", area="moor")], 0),
        ("consecutive: true", [stay(None, area="moor")], 0),
        ("consecutive: true", [stay("2022-03-31", area="east")], 24),
        ("consecutive: true", [stay("2022-03-31", area="harbour")], 0),
        ("consecutive: true", [stay("2022-03-31", kind="work")], 0),
    ],
)  # fmt: skip
def test_months_resident_in_a_ward(facts, rule, stays, expected):
    assert facts(f"months_resident_in: {{area: east, {rule}}}").one(stays) == expected


def test_the_months_are_those_of_one_holder(facts):
    fact = facts("months_resident_in: {area: east}")
    stays = [stay("2020-01-01", "2021-01-01", person="p1"), stay("2021-01-01", person="p2")]
    # 38 months and 30 days: days left over make a month only between spells.
    assert fact.one(stays) == 38
    alone = [{**row, "person": None} for row in stays]
    assert fact.one(alone) == 50


@pytest.mark.parametrize(
    ("rule", "rows", "expected"),
    [
        ("months_connected: {area: mill}", [stay("2020-03-31"), stay("2023-03-31")], 48),
        ("months_connected: {area: mill}", [stay("2020-03-31", "2024-03-31")], 0),
        ("months_connected: {area: mill}", [stay("2020-03-31"), stay(None)], None),
        ("months_connected: {area: mill}", [stay("2020-03-31"), stay(None, "2020-03-30")], 48),
        ("months_connected: {area: mill}", [stay("2020-03-31"), stay(None, "2020-03-31")], None),
        ("months_connected: {area: mill, kinds: [work]}", [stay("2020-03-31")], 0),
        ("months_connected: {area: [mill, moor]}", [stay("2020-03-31", area="moor")], 48),
        ("connected_to: {area: mill}", [stay("2024-03-31")], True),
        ("connected_to: {area: mill}", [stay("2024-04-01")], False),
        ("connected_to: {area: mill}", [stay(None)], True),
        ("connected_to: {area: mill}", [stay("2020-01-01", "2024-03-31")], False),
        ("connected_to: {area: harbour}", [stay("2020-01-01")], True),
        ("connected_to: {area: mill}", [stay("2020-01-01", area="harbour")], False),
        ("connected_to: {area: nowhere}", [stay("2020-01-01")], False),
        ("connected_to: {area: mill}", [], False),
        ("connected_to: {area: mill, min_months: 12}", [stay("2023-03-31")], True),
        ("connected_to: {area: mill, min_months: 12}", [stay("2023-04-01")], False),
        ("connected_to: {area: mill, min_months: 12}", [stay("2023-04-01"), stay(None)], None),
        ("connected_to: {area: mill, min_months: 12}", [stay("2023-03-31"), stay(None)], True),
        ("connected_to: {area: mill, min_months: 12}",
         [stay("2023-10-01"), stay("2020-01-01", "2023-09-30")], False),
    ],
)  # fmt: skip
def test_connections_with_fixed_areas(facts, rule, rows, expected):
    assert facts(rule).one(rows) == expected


WORK, FAMILY = {"kind": "work"}, {"kind": "family"}


@pytest.mark.parametrize(
    ("rows", "months", "lasted"),
    [
        # As at 31 March 2024: moved, changed work, or a relative moved, within the area.
        ([stay("2020-03-31", "2023-10-01"), stay("2023-10-01", area="quay")], 48, True),
        ([stay("2020-03-31", "2023-10-01", **WORK), stay("2023-10-01", **WORK)], 48, True),
        ([stay("2020-03-31", "2023-10-01", **FAMILY), stay("2023-10-01", area="quay", **FAMILY)], 48,
         True),
        ([stay("2020-03-31", "2021-01-01"), stay("2023-10-01"), stay("2021-01-01", "2023-10-01")], 48,
         True),
        ([stay("2020-03-31", "2024-01-01"), stay("2023-10-01")], 48, True),
        # Three relatives of whom two left on the day the third came: the one who moved may be either.
        ([stay("2022-01-01", "2023-10-01", **FAMILY), stay("2021-01-01", "2023-10-01", **FAMILY),
          stay("2020-03-31", "2022-01-01", **FAMILY), stay("2023-10-01", **FAMILY)], 48, True),
        # A day between, another area, kind or holder; a second relative beside the first.
        ([stay("2020-03-31", "2023-09-30"), stay("2023-10-01")], 5, False),
        ([stay("2020-03-31", "2023-10-01", area="moor"), stay("2023-10-01")], 5, False),
        ([stay("2020-03-31", "2023-10-01", **WORK), stay("2023-10-01")], 5, False),
        ([stay("2020-03-31", "2023-10-01", person="p1"), stay("2023-10-01", person="p2")], 5, False),
        ([stay("2020-03-31", "2024-01-01", **FAMILY), stay("2023-10-01", **FAMILY)], 5, False),
        # The spell has ended, or the earlier of its connections began nobody knows when.
        ([stay("2020-03-31", "2023-10-01"), stay("2023-10-01", "2024-03-31")], 0, False),
        ([stay(None, "2023-10-01"), stay("2023-10-01")], None, None),
        ([stay(None, "2023-09-30"), stay("2023-10-01")], 5, False),
        ([stay(None, "2024-01-01", **FAMILY), stay("2023-10-01", **FAMILY)], 5, False),
        ([stay(None, "2023-01-01"), stay("2023-01-01")], None, True),
    ],
)  # fmt: skip
def test_a_connection_lasts_through_a_move_within_the_area(facts, rows, months, lasted):
    assert facts("months_connected: {area: east}").one(rows) == months
    assert facts("connected_to: {area: east, min_months: 12}").one(rows) is lasted
    closeness = {True: 1, False: 2, None: None}[lasted]
    strength = facts("connection_strength: {area: advert.area, levels: [ward], min_months: 12}")
    assert strength.pair(rows, ["mill"]) == [closeness]


@pytest.mark.parametrize(
    ("person", "anyone", "applicant"),
    [("p1", True, True), ("p2", True, False), (None, True, True), ("stranger", True, False)],
)
def test_held_by_the_applicant(facts, person, anyone, applicant):
    people = [
        {"application": "A", "id": "p1", "relationship": "applicant"},
        {"application": "A", "id": "p2", "relationship": "partner"},
        {"application": "B", "id": "p3", "relationship": "applicant"},
    ]
    row = stay("2020-01-01", person=person)
    assert facts("connected_to: {area: mill}").one([row], people) is anyone
    assert facts("connected_to: {area: mill, held_by: applicant}").one([row], people) is applicant


@pytest.mark.parametrize(
    ("rule", "rows", "expected"),
    [
        ("connected_to: {area: advert.area}", [stay("2020-01-01")],
         [True, False, True, False, True]),
        ("connected_to: {area: advert.area, min_months: 6}", [stay(None)],
         [None, False, None, False, None]),
        ("months_connected: {area: advert.area}", [stay("2023-03-31")], [12, 0, 12, 0, 12]),
        ("months_resident_in: {area: advert.area}", [stay("2023-03-31", area="east")],
         [0, 0, 12, 0, 12]),
        ("connection_strength: {area: advert.area, levels: [parish, ward, district]}",
         [stay("2020-01-01")], [1, 2, 2, 3, 3]),
        ("connection_strength: {area: advert.area, levels: [parish, ward, district]}",
         [stay("2020-01-01", area="abroad")], [4, 4, 4, 4, 4]),
        ("connection_strength: {area: advert.area, levels: [parish, district]}",
         [stay("2020-01-01")], [1, 2, 2, 2, 2]),
        ("connection_strength: {area: advert.area, levels: [parish, ward], min_months: 6}",
         [stay(None), stay("2020-01-01", area="quay")], [None, 1, 2, 3, 3]),
        ("connection_strength: {area: advert.area, levels: [parish, ward], min_months: 6}",
         [stay("2024-01-01"), stay("2020-01-01", area="quay")], [2, 1, 2, 3, 3]),
        ("connection_strength: {area: advert.area, levels: [parish], kinds: [work]}",
         [stay("2020-01-01")], [2, 2, 2, 2, 2]),
    ],
)  # fmt: skip
def test_pair_facts_of_each_advertised_area(facts, rule, rows, expected):
    assert facts(rule).pair(rows, ["mill", "quay", "east", "moor", "harbour"]) == expected


def test_where_no_advert_has_an_area_nothing_is_known(facts):
    for rule, dtype in (("connected_to", pl.Boolean), ("months_connected", pl.Int64)):
        fact = facts(f"{rule}: {{area: advert.area}}")
        assert fact.pair([stay("2020-01-01")], []) == [None]
        frame = pair_fact_values(
            fact.fact, [], fact.tables([], []), Ordinals(pl.Series(["A", "B"])), fact.as_at,
            {}, fact.version,
        )
        assert frame.dtypes == [dtype]
        assert frame.height == 2


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("connected_to: {area: advert.area, level: ward}", [True, True, True, False, None]),
        ("connected_to: {area: advert.area, level: district}", [True, True, True, True, True]),
        ("connected_to: {area: advert.area, level: parish}", [False, True, None, False, None]),
        ("months_connected: {area: advert.area, level: ward}", [51, 51, 51, 0, None]),
        ("months_resident_in: {area: advert.area, level: ward, window_months: 12}",
         [12, 12, 12, 0, None]),
    ],
)
def test_the_area_of_a_level_around_the_adverts(facts, rule, expected):
    rows = [{"area": "quay", "since": date(2019, 12, 31)}]
    assert facts(rule).pair(rows, ["mill", "quay", "east", "moor", "harbour"]) == expected


@pytest.mark.parametrize(
    ("where", "until", "expected"),
    [
        ("months >= 60", None, False),
        ("months >= param.old", None, True),
        ("until > as_at", date(2025, 1, 1), True),
        ("until > as_at", None, None),  # with it he is connected, without it he is not
        ("until IS NULL AND current", None, True),
    ],
)
def test_only_connections_for_which_where_is_true(facts, where, until, expected):
    extra = "parameters: {old: {label: x, unit: months, values: {2020-01-01: 18}}}\n"
    fact = facts(f"connected_to: {{area: mill, where: {where}}}", extra)
    assert fact.one([{"area": "mill", "since": date(2019, 12, 31), "until": until}]) is expected


def test_a_connection_that_may_count_matters_only_if_it_changes_the_answer(facts):
    rows = [
        {"area": "mill", "since": date(2019, 12, 31), "until": date(2025, 1, 1)},
        {"area": "mill", "since": date(2022, 12, 31)},  # until not known to be after as_at
        {"area": "quay", "since": date(2015, 12, 31)},
    ]
    counted = "{area: %s, where: until > as_at}"
    assert facts(f"connected_to: {counted % 'mill'}").one(rows) is True
    assert facts(f"months_connected: {counted % 'mill'}").one(rows) == 51
    assert facts(f"months_connected: {counted % 'quay'}").one(rows) is None


def test_nobody_is_connected_with_an_area_that_does_not_exist(facts):
    fact = facts("connected_to: {area: advert.area}")
    assert fact.pair([stay("2020-01-01")], ["nowhere"]) == [False]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("any_member: age > 1", {"people": {"application", "date_of_birth"}}),
        ("count: people, where: relationship = 'child'",
         {"people": {"application", "relationship"}}),
        ("max: months, of: connections, where: current",
         {"connections": {"application", "since"}}),
        ("any_member: expected_on > as_at", {"people": {"application", "expected_on"}}),
        ("connected_to: {area: mill}",
         {"connections": {"application", "area", "kind", "since"}, "areas": {"id", "parent"}}),
        ("months_connected: {area: mill, held_by: applicant}",
         {"connections": {"application", "area", "kind", "since", "person"},
          "areas": {"id", "parent"}, "people": {"id", "application", "relationship"}}),
        ("months_resident_in: {area: mill}",
         {"connections": {"application", "area", "kind", "since", "person"},
          "areas": {"id", "parent"}}),
        ("connection_strength: {area: advert.area, levels: [ward]}",
         {"connections": {"application", "area", "kind", "since"},
          "areas": {"id", "parent", "level"}}),
        ("connected_to: {area: advert.area, level: ward, where: person IS NULL AND current}",
         {"connections": {"application", "area", "kind", "since", "person"},
          "areas": {"id", "parent", "level"}}),
    ],
)  # fmt: skip
def test_the_columns_a_fact_needs(facts, rule, expected):
    assert columns_read(facts(rule).fact, facts(rule).version) == expected
