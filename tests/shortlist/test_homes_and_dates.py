"""Columns of adverts, homes and groups of homes; the date a bid is judged at."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.scheme import scheme_from_text
from cbl_engine.shortlist import prepare, shortlist
from tests.shortlist.small import (
    HEAD,
    adverts_of,
    applications_of,
    bid,
    by_id,
    day,
    frame,
    order,
    ranked,
    scheme_of,
)

FITS = "criteria: {fits: {label: x, when: bedroom_need = advert.bedrooms}}\n" + order(
    "points: points", eligible="fits"
)
HOMES = [
    {"id": "h", "bedrooms": 1},
    {"id": "u1", "home_group": "g", "bedrooms": 3},
    {"id": "u2", "home_group": "g", "bedrooms": 3},
]


def _fits(homes: list[dict[str, Any]] | None, **advert: Any) -> bool | None:
    adverts = adverts_of({"bedrooms": None} | advert)
    result = ranked(FITS, {"a": {"bedroom_need": 3}}, adverts=adverts, homes=homes)
    return by_id(result, "eligible")["a"]


def test_an_advert_has_its_homes_values_unless_it_says_otherwise() -> None:
    assert _fits(HOMES, home="h") is False
    assert _fits(HOMES, home="h", bedrooms=3) is True
    assert _fits(HOMES, home_group="g") is True
    assert _fits(HOMES, home_group="g", bedrooms=2) is False
    assert _fits(HOMES) is False
    assert _fits(None, bedrooms=3) is True


def test_homes_of_a_group_may_differ_in_what_is_not_read() -> None:
    homes = [*HOMES[:2], HOMES[2] | {"floor": 4}]
    assert _fits(homes, home_group="g") is True


def test_homes_of_a_group_that_differ_in_what_is_read_are_refused() -> None:
    homes = [*HOMES[:2], HOMES[2] | {"bedrooms": None}]
    assert _fits(homes, home="h") is False  # nobody advertises the group
    with pytest.raises(TableError) as caught:
        _fits(homes, home_group="g")
    assert str(caught.value) == (
        "homes.bedrooms: the scheme reads advert.bedrooms, and the homes of a group differ in it; "
        "1 in all: g. Advertise unlike homes apart, or give the value on the advert"
    )


def test_homes_of_a_group_may_differ_in_what_the_advert_says_itself() -> None:
    homes = [*HOMES[:2], HOMES[2] | {"bedrooms": 2}]
    assert _fits(homes, home_group="g", bedrooms=3) is True
    other = {"id": "other", "home_group": "g", "bedrooms": 3}
    with pytest.raises(TableError, match="homes of a group differ in it; 1 in all: g"):
        ranked(FITS, {"a": {"bedroom_need": 3}}, homes=homes,
               adverts=adverts_of({"home_group": "g", "bedrooms": None}, other))


def test_an_empty_cell_and_what_it_is_taken_as_are_one_value_of_a_group() -> None:
    text = """
columns: {homes: {quiet: {type: bool, label: x, if_null: false}}}
criteria: {loud: {label: x, when: not advert.quiet}}
""" + order("points: points", eligible="loud")
    scheme = scheme_from_text(HEAD[:HEAD.index("columns:")] + text)
    homes = frame("homes", HOMES[1:]).with_columns(quiet=pl.Series([None, False]))
    register = {"applications": applications_of({"a": {}})}
    result = shortlist(prepare(scheme, register, "close"), adverts_of({"home_group": "g"}),
                       frame("bids", [bid("a")]), homes)
    assert by_id(result, "eligible") == {"a": True}


RENT = """
criteria:
  paid: {label: x, when: advert.rent_weekly <= arrears}
  size: {label: x, when: bedroom_need <= advert.bedrooms}
  house: {label: x, when: advert.property_type = 'house'}
""" + order("points: points", eligible="paid, size, house")


@pytest.mark.parametrize(("column", "dtype"), [
    ("rent_weekly", pl.Int64), ("rent_weekly", pl.Float32), ("rent_weekly", pl.Decimal(10, 0)),
    ("rent_weekly", pl.Null), ("bedrooms", pl.Null), ("bedrooms", pl.Int8),
    ("property_type", pl.Enum(["flat"])), ("property_type", pl.Categorical),
    ("property_type", pl.Null),
])
def test_a_homes_value_is_read_whole_whatever_the_type_of_the_adverts_empty_column(
    column: str, dtype: Any
) -> None:
    homes = frame("homes", [{"id": "h", "rent_weekly": 99.5, "bedrooms": 300,
                             "property_type": "house"}])
    own = adverts_of({"home": "h", "bedrooms": None})
    adverts = own.with_columns(pl.lit(None, dtype).alias(column))
    owing = {"a": {"arrears": 99.2}, "b": {"arrears": 99.5}, "c": {"arrears": 99.6}}
    register = {"applications": applications_of(
        {i: {**row, "bedroom_need": 300} for i, row in owing.items()})}
    result = shortlist(prepare(scheme_of(RENT), register, "close"), adverts,
                       frame("bids", [bid(i) for i in owing]), homes, verify="full")
    assert by_id(result, "failed") == {"a": ["paid"], "b": [], "c": []}


def test_a_home_without_an_id_or_given_twice_is_refused() -> None:
    for homes in ([*HOMES, {"id": "h", "bedrooms": 3}], [{"id": "h", "bedrooms": 3}, *HOMES]):
        with pytest.raises(TableError) as caught:
            _fits(homes, home="h")
        assert str(caught.value) == (
            "homes.id: a home is given more than once; 1 in all: h. Keep one row each"
        )
    for homes in ([*HOMES, {"id": None}], [{"id": None}]):
        with pytest.raises(TableError) as caught:
            _fits(homes, home="h")
        assert str(caught.value) == "homes.id: a home has no id"


@pytest.mark.parametrize(("column", "words"), [
    ("home", "homes of adverts"), ("home_group", "home groups of adverts"),
    ("area", "ids in the column area of adverts"),
])
def test_ids_of_adverts_are_of_the_kind_that_homes_have(column: str, words: str) -> None:
    text = "criteria: {near: {label: x, when: advert.area = 'n'}}\n" + order(
        "points: points", eligible="near"
    )
    homes = frame("homes", [HOMES[0] | {"area": "n"}, HOMES[1] | {"area": "n"}])
    adverts = adverts_of({"id": "ad", "home": "h"}, {"id": "other", "home": "h"}).with_columns(
        pl.Series(column, [7, None]))
    register = {"applications": applications_of({"a": {}})}
    with pytest.raises(TableError) as caught:
        shortlist(prepare(scheme_of(text), register, "close"), adverts,
                  frame("bids", [bid("a")]), homes)
    assert str(caught.value) == (
        f"adverts.{column}: {words} are whole numbers where homes have text. "
        "Give both as text, or both as whole numbers"
    )


def test_a_home_or_group_that_is_not_there_is_refused() -> None:
    with pytest.raises(TableError) as caught:
        _fits(HOMES, home="x")
    assert str(caught.value) == (
        "adverts.home: an advert names a home that is not in homes; 1 in all: ad"
    )
    with pytest.raises(TableError) as caught:
        _fits(HOMES, home_group="x")
    assert str(caught.value) == (
        "adverts.home_group: an advert names a home group that is not in homes; 1 in all: ad"
    )


OF_AGE = """
facts: {eldest: {label: x, max: age}}
criteria: {of_age: {label: x, when: eldest >= 18}}
"""


@pytest.mark.parametrize(
    ("closes", "of_age"),
    [
        # London is an hour ahead of UTC from 31 March 01:00 to 27 October 01:00 UTC.
        ("2024-03-30T23:59:59+00:00", False),
        ("2024-03-31T00:00:00+00:00", True),
        ("2024-10-25T22:59:59+00:00", False),
        ("2024-10-25T23:00:00+00:00", True),
        ("2024-10-27T22:59:59+00:00", False),
        ("2024-10-27T23:59:59+00:00", False),
        ("2024-10-28T00:00:00+00:00", True),
    ],
)
def test_close_is_the_date_in_london(closes: str, of_age: bool) -> None:
    moment = datetime.fromisoformat(closes)
    born = {"03-30": "03-31", "03-31": "03-31", "10-25": "10-26", "10-27": "10-28",
            "10-28": "10-28"}[closes[5:10]]
    result = ranked(
        OF_AGE + order("points: points", eligible="of_age"),
        {"a": {}},
        [bid("a") | {"placed_at": moment}],
        adverts_of({"closes_at": moment}),
        people=[{"id": "p", "application": "a", "date_of_birth": day(f"2006-{born}")}],
    )
    assert by_id(result, "eligible") == {"a": of_age}


def test_a_fixed_date_serves_every_advert() -> None:
    people = [{"id": "p", "application": "a", "date_of_birth": day("2006-02-28")},
              {"id": "q", "application": "b", "date_of_birth": day("2004-02-29")}]
    text = OF_AGE + order("points: points", eligible="of_age")
    for on, wanted in (("2022-02-28", {"a": False, "b": False}),
                       ("2022-03-01", {"a": False, "b": True}),
                       ("2024-02-28", {"a": True, "b": True})):
        result = ranked(text, {"a": {}, "b": {}}, as_at=date.fromisoformat(on), people=people)
        assert by_id(result, "eligible") == wanted


def test_each_close_date_reads_its_own_version_of_an_application() -> None:
    rows = [
        {"id": "a", "valid_to": day("2024-05-01"), "points": 1},
        {"id": "a", "valid_from": day("2024-05-01"), "points": 9},
        {"id": "b", "valid_from": day("2020-01-01"), "points": 5},
    ]
    closes = [datetime.fromisoformat(f"2024-{d}T12:00:00+01:00") for d in ("04-30", "05-01")]
    adverts = adverts_of(*({"id": f"{c:%m%d}", "closes_at": c} for c in closes))
    bids = [bid(i, advert=f"{c:%m%d}") | {"placed_at": c} for c in closes for i in "ab"]
    prepared = prepare(scheme_of(order("points: points")), {"applications": frame(
        "applications", [{"status": "active"} | row for row in rows])}, "close")
    result = shortlist(prepared, adverts, frame("bids", bids)).frame()
    assert result["application"].to_list() == ["b", "a", "a", "b"]


def test_a_parameter_has_the_value_of_the_date() -> None:
    text = """
parameters:
  least: {label: x, unit: x, values: {2020-01-01: 5, 2024-06-01: 8}}
criteria: {enough: {label: x, when: points >= param.least}}
""" + order("points: points", eligible="enough")
    closes = [datetime.fromisoformat(f"2024-{d}T00:30:00+01:00") for d in ("05-31", "06-01")]
    adverts = adverts_of(*({"id": f"{c:%m%d}", "closes_at": c} for c in closes))
    bids = [bid("a", advert=f"{c:%m%d}") | {"placed_at": c} for c in closes]
    result = ranked(text, {"a": {"points": 6}}, bids, adverts)
    assert dict(result.frame().select("advert", "eligible").rows()) == {"0531": True, "0601": False}


def test_ids_of_applications_need_no_type_of_their_own() -> None:
    """Narrow whole numbers are ids as well as wide ones."""
    prepared = prepare(
        scheme_of(order("points: points")),
        {"applications": applications_of({3: {"points": 1}, 1: {"points": 2}}).with_columns(
            pl.col("id").cast(pl.UInt8))},
        "close",
    )
    bids = frame("bids", [bid(1), bid(3)]).with_columns(pl.col("application").cast(pl.Int32))
    assert shortlist(prepared, adverts_of(), bids).frame()["application"].to_list() == [1, 3]


@pytest.mark.parametrize("fact", ["connected_to", "months_connected", "connection_strength"])
def test_where_no_advert_has_an_area_facts_about_it_are_not_known(fact: str) -> None:
    levels = ", levels: [ward]" if fact == "connection_strength" else ""
    near = "near" if fact == "connected_to" else "near > 0"
    text = f"""
facts: {{near: {{label: x, {fact}: {{area: advert.area{levels}}}}}}}
criteria: {{close: {{label: x, when: NOT in_debt AND {near}, when_unknown: pass}}}}
"""
    key = "connection: near" if fact == "connection_strength" else "points: points"
    result = ranked(
        text + order("prefer: close", key, eligible="close"),
        {"a": {"in_debt": False}, "b": {"in_debt": True}, "c": {"in_debt": None}},
        connections=[{"application": "a", "area": "w", "kind": "work", "since": day("2001-01-01")}],
        areas=[{"id": "w", "level": "ward"}],
    )
    assert by_id(result, "eligible") == {"a": True, "b": False, "c": True}
    assert by_id(result, "unknown") == {"a": ["close", key], "b": [], "c": ["close", key]}
