"""Columns of a register in other types than the data dictionary's: used, or refused in words."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import polars as pl
import pytest

import cbl_engine as cbl
from cbl_engine.sample import EXTRA_COLUMNS
from cbl_engine.shipped import shipped_folder
from cbl_engine.tables import DTYPES, REGISTER_TABLES, column_types

AS_AT = date(2026, 3, 3)
OTHERS = {
    "whole numbers": lambda n: pl.Series([1] * n, dtype=pl.Int64),
    "lists": lambda n: pl.Series([["a"]] * n, dtype=pl.List(pl.String)),
    "no type": lambda n: pl.Series([None] * n, dtype=pl.Null),
}


@lru_cache(maxsize=1)
def _borough() -> dict[str, pl.DataFrame]:
    """A dozen households of the shipped borough, with all that is asked of them."""
    frames = cbl.read_tables(shipped_folder("boroughs") / "riverton", EXTRA_COLUMNS).frames
    keep = frames["applications"]["id"].head(12).implode()
    out = {}
    for name, frame in frames.items():
        column = "id" if name == "applications" else "application"
        out[name] = frame.filter(pl.col(column).is_in(keep)) if column in frame.columns else frame
    out["adverts"] = out["adverts"].head(20).drop("profile")
    out["bids"] = out["bids"].filter(pl.col("advert").is_in(out["adverts"]["id"].implode()))
    return out


def _register(changed: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    whole = {**_borough(), **changed}
    return {name: whole[name] for name in REGISTER_TABLES if name in whole}


def _shortlisted(scheme: cbl.Scheme, register: dict[str, pl.DataFrame]) -> pl.DataFrame:
    frames = _borough()
    prepared = cbl.prepare(scheme, register, "close")
    return cbl.shortlist(prepared, frames["adverts"], frames["bids"], frames["homes"]).frame()


@pytest.mark.parametrize(
    "table", ["applications", "people", "connections", "areas", "duties", "officer_decisions"])
def test_a_column_in_any_type_is_used_or_refused_in_words(table):
    scheme = cbl.load_scheme("runnymede")
    frame = _borough()[table]
    refused = []
    for column in set(frame.columns) & set(column_types(table)):
        for values in OTHERS.values():
            register = _register({table: frame.with_columns(values(frame.height).alias(column))})
            for call in (lambda: cbl.assess(scheme, register, AS_AT),  # noqa: B023
                         lambda: cbl.prepare(scheme, register, AS_AT)  # noqa: B023
                         .at(AS_AT).application_outcomes()):
                try:
                    call()
                except cbl.CblError as error:
                    refused += error.problems
    assert refused
    assert all(problem.where for problem in refused)


@pytest.mark.parametrize(("table", "column"), [
    ("applications", "sizes"), ("applications", "status"), ("applications", "band_from"),
    ("people", "date_of_birth"), ("people", "partner_of"), ("people", "relationship"),
    ("connections", "area"), ("connections", "until"), ("duties", "until"),
    ("officer_decisions", "since"), ("officer_decisions", "until"), ("areas", "parent"),
])
def test_a_column_in_which_nothing_is_says_the_same_with_a_type_and_without(table, column):
    scheme = cbl.load_scheme("runnymede")
    frame = _borough()[table]
    bare, typed = (
        _register({table: frame.with_columns(pl.lit(None, dtype).alias(column))})
        for dtype in (pl.Null(), DTYPES[column_types(table)[column]])
    )
    one, other = (cbl.assess(scheme, register, AS_AT) for register in (bare, typed))
    assert one.assessed.equals(other.assessed)
    assert one.reasons().equals(other.reasons())
    assert one.missing().equals(other.missing())
    assert _shortlisted(scheme, bare).equals(_shortlisted(scheme, typed))
    said = [
        cbl.bedroom_need(register["people"], "twenty_one_year", AS_AT, register["applications"])
        for register in (bare, typed)
    ]
    assert said[0].equals(said[1])


def test_codes_given_as_numbers_are_text_of_those_numbers():
    scheme = cbl.load_scheme("runnymede")
    people = _borough()["people"]
    numbers, texts = (
        _register({"people": people.with_columns(relationship=pl.lit(value))}) for value in (1, "1")
    )
    assert cbl.assess(scheme, numbers, AS_AT).assessed.equals(cbl.assess(scheme, texts, AS_AT).assessed)


def test_ids_that_name_people_or_areas_are_of_one_kind_with_theirs():
    scheme = cbl.load_scheme("runnymede")
    frames = _borough()
    register = _register({
        "people": frames["people"].with_columns(partner_of=pl.lit(3)),
        "connections": frames["connections"].with_columns(area=pl.lit(3)),
    })
    for call in (lambda: cbl.assess(scheme, register, AS_AT),
                 lambda: cbl.prepare(scheme, register, AS_AT)):
        with pytest.raises(cbl.TableError) as caught:
            call()
        lines = [problem.line() for problem in caught.value.problems]
        assert ("connections.area: the ids that connections have of areas are whole numbers where "
                "areas have text. Give both as text, or both as whole numbers") in lines


def test_a_person_without_an_id_beside_a_couple_is_no_error():
    people = pl.DataFrame({
        "id": ["1", "2", None], "application": ["A"] * 3, "partner_of": [None, "1", None],
        "date_of_birth": [date(1980, 1, 1), date(1981, 1, 1), date(2015, 1, 1)],
        "sex": ["female", "male", "male"], "relationship": ["applicant", "partner", "child"],
    })
    need = cbl.bedroom_need(people, "twenty_one_year", AS_AT, pl.DataFrame({"id": ["A"]}))
    assert need["need"].item() == 2


@pytest.mark.parametrize(("change", "words"), [
    ({"as_at": "2026-03-03"}, "the as-at date is not a date"),
    ({"people": None}, "people is not a frame"),
    ({"applications": pl.DataFrame({"id": [1]})}, "people has ids of applications of another type"),
    ({"part_time": "no"}, "the column part_time of people has the wrong type"),
])
def test_bedrooms_are_counted_for_tables_that_fit_and_for_no_others(change, words):
    people = pl.DataFrame({
        "id": ["1"], "application": ["A"], "date_of_birth": [date(1980, 1, 1)], "sex": ["female"],
        "relationship": ["applicant"],
    })
    if "part_time" in change:
        people = people.with_columns(part_time=pl.lit(change["part_time"]))
    given = {"as_at": AS_AT, "people": people, "applications": pl.DataFrame({"id": ["A"]}), **change}
    people, day, own = given["people"], given["as_at"], given["applications"]
    rooms = pl.DataFrame({"application": own["id"], "floor_area_sq_ft": [100.0]})
    for call in (
        lambda: cbl.bedroom_need(people, "twenty_one_year", day, own),
        lambda: cbl.explain_bedrooms(people, "twenty_one_year", day, own, "A"),
        lambda: cbl.statutory_overcrowding(people, rooms, day, own),
    ):
        with pytest.raises(cbl.TableError, match=words):
            call()


def test_a_standard_that_is_none_and_a_household_by_an_id_of_another_type_are_refused():
    people = _borough()["people"]
    own = _borough()["applications"]
    with pytest.raises(cbl.SchemeError, match="the bedroom standard is none"):
        cbl.bedroom_need(people, None, AS_AT, own)
    with pytest.raises(cbl.TableError, match="of another type than the ids that there are"):
        cbl.explain_bedrooms(people, "twenty_one_year", AS_AT, own, 3)
