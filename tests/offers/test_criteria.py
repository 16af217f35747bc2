"""Criteria asked by name, of households, adverts and both."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from cbl_engine.errors import TableError
from cbl_engine.offers.criteria import Judge
from tests.shortlist.small import adverts_of, applications_of, frame, order, ranked, scheme_of

SCHEME = """
facts:
  children: {label: x, count: people, where: age < 18, if_none: 0}
  near: {label: x, connected_to: {area: advert.area}}
criteria:
  local: {label: x, when: local}
  local_or_ask: {label: x, when: local, when_unknown: hold}
  local_if_known: {label: x, when: local, when_unknown: pass}
  large: {label: x, when: advert.bedrooms >= 3}
  fits: {label: x, when: bedroom_need = advert.bedrooms}
  has_child: {label: x, when: children >= 1}
  near: {label: x, when: near}
  dated: {label: x, when: as_at >= '2024-06-01'}
""" + order("lottery: register", eligible="fits, has_child, near")

APPLICATIONS = {
    "P1": {"local": True, "bedroom_need": 2},
    "P2": {"local": False, "bedroom_need": 3},
    "P3": {"local": None, "bedroom_need": None},
}
DAY = date(2024, 5, 31)


def _judge(**tables: list[dict]) -> Judge:
    adverts = adverts_of({"id": "a1", "home": "h1"}, {"id": "a2", "home": "h2", "bedrooms": None})
    homes = frame("homes", [
        {"id": "h1", "bedrooms": 9, "area": "N"}, {"id": "h2", "bedrooms": 3, "area": "S"},
    ])
    rows = {
        "people": [{"id": "c", "application": "P2", "date_of_birth": date(2006, 6, 1)}],
        "connections": [{"application": "P1", "area": "N", "kind": "work"}],
        "areas": [{"id": "N"}, {"id": "S"}],
    } | tables
    register = {"applications": applications_of(APPLICATIONS)}
    register |= {name: frame(name, given) for name, given in rows.items()}
    return Judge(scheme_of(SCHEME), register, adverts, homes)


def _ids(*ids: str) -> pl.Series:
    return pl.Series(ids, dtype=pl.String)


def test_a_criterion_over_the_household_is_met_not_met_or_not_known():
    found = _judge().met("local", DAY, application=_ids("P3", "P1", "P2", "P1"))
    assert found.to_list() == [None, True, False, True]


def test_not_known_counts_as_the_criterion_says():
    judge, who = _judge(), _ids("P3")
    assert judge.counts("local", DAY, application=who).to_list() == [False]
    assert judge.counts("local_or_ask", DAY, application=who).to_list() == [None]
    assert judge.counts("local_if_known", DAY, application=who).to_list() == [True]


def test_a_criterion_over_the_advert_reads_its_home_where_the_advert_is_silent():
    assert _judge().met("large", DAY, advert=_ids("a2", "a1")).to_list() == [True, False]


def test_a_criterion_over_both_is_asked_pair_by_pair():
    found = _judge().met(
        "fits", DAY, advert=_ids("a1", "a2", "a2", "a1"), application=_ids("P1", "P1", "P2", "P3")
    )
    assert found.to_list() == [True, False, True, None]


def test_a_fact_over_people_is_that_days():
    judge = _judge()
    assert judge.met("has_child", DAY, application=_ids("P2")).to_list() == [True]
    assert judge.met("has_child", date(2024, 6, 1), application=_ids("P2")).to_list() == [False]


def test_a_connection_is_judged_against_each_adverts_area():
    found = _judge().met("near", DAY, advert=_ids("a1", "a2"), application=_ids("P1", "P1"))
    assert found.to_list() == [True, False]


def test_a_criterion_that_reads_only_the_date_is_asked_of_anyone():
    judge = _judge()
    assert judge.met("dated", DAY, application=_ids("P1", "P2")).to_list() == [False, False]
    assert judge.met("dated", date(2024, 6, 1), advert=_ids("a1")).to_list() == [True]


def test_an_application_without_a_version_that_day_is_not_known():
    register = {"applications": applications_of(
        {"P1": {"local": True, "valid_from": date(2024, 6, 1)}}
    )}
    judge = Judge(scheme_of(SCHEME), register)
    assert judge.met("local", DAY, application=_ids("P1")).to_list() == [None]
    assert judge.met("local", date(2024, 6, 1), application=_ids("P1")).to_list() == [True]
    assert judge.applications(DAY).height == 0


def test_an_id_that_is_nobodys_is_named():
    with pytest.raises(TableError, match="P9"):
        _judge().met("local", DAY, application=_ids("P1", "P9"))


def test_an_id_beyond_the_type_of_the_tables_ids_is_nobodys():
    own = applications_of({"1": {"local": True}}).cast({"id": pl.UInt8})
    judge = Judge(scheme_of(SCHEME), {"applications": own})
    with pytest.raises(TableError, match=r"an id is none of applications; 1 in all: 300"):
        judge.met("local", DAY, application=pl.Series([1, 300]))


def test_it_says_what_the_shortlist_says():
    judge = _judge()
    result = ranked(
        SCHEME, APPLICATIONS,
        [{"advert": "a1", "application": p, "placed_at": judge.given_adverts["closes_at"][0]}
         for p in APPLICATIONS],
        judge.given_adverts.filter(pl.col("id") == "a1"),
        [{"id": "h1", "bedrooms": 9, "area": "N"}],
        people=[{"id": "c", "application": "P2", "date_of_birth": date(2006, 6, 1)}],
        connections=[{"application": "P1", "area": "N", "kind": "work"}],
        areas=[{"id": "N"}],
    ).frame()
    for name in ("fits", "has_child", "near"):
        asked = judge.counts(name, DAY, advert=result["advert"], application=result["application"])
        said = result["failed"].list.contains(name)
        assert asked.to_list() == (~said).to_list()


def test_adverts_show_the_homes_columns():
    assert _judge().adverts.sort("id")["bedrooms"].to_list() == [2, 3]
    assert _judge().adverts.sort("id")["area"].to_list() == ["N", "S"]
