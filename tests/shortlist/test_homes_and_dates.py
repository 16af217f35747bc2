"""Columns of adverts, homes and groups of homes; the date a bid is judged at."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.shortlist import prepare, shortlist
from tests.shortlist.small import (
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
