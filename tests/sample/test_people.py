"""People: each household needs just the bedrooms it is said to need."""

from __future__ import annotations

from datetime import date
from functools import cache

import polars as pl
import pytest

from cbl_engine.sample import sample_borough

CLOSE = date(2026, 3, 3)


def years(born):
    if born is None:
        return None
    return CLOSE.year - born.year - ((CLOSE.month, CLOSE.day) < (born.month, born.day))


def may_share(one, other):
    """Two under 10, or of one sex and under 16; an unborn child shares as needed."""
    (age, sex), (age_2, sex_2) = one, other
    if age < 10 and age_2 < 10:
        return True
    return age < 16 and age_2 < 16 and (sex == sex_2 or -1 in (age, age_2))


@cache
def fewest_rooms(children):
    if not children:
        return 0
    first, rest = children[0], children[1:]
    best = 1 + fewest_rooms(rest)
    for i, other in enumerate(rest):
        if may_share(first, other):
            best = min(best, 1 + fewest_rooms(rest[:i] + rest[i + 1 :]))
    return best


def rooms(people):
    n, children = 1, []
    for relationship, born, expected, sex in people:
        if relationship in ("applicant", "partner"):
            continue
        age = -1 if expected else years(born)
        if age is None or age >= 16:
            n += 1
        else:
            children.append((age, sex))
    return n + fewest_rooms(tuple(children))


@pytest.fixture(scope="module")
def borough():
    return sample_borough(4_000, 0, 11, close_on=CLOSE)


def test_households_need_the_bedrooms_said(borough):
    need = dict(
        borough["applications"].drop_nulls("bedroom_need").select("id", "bedroom_need").iter_rows()
    )
    households = borough["people"].partition_by("application", as_dict=True)
    columns = ("relationship", "date_of_birth", "expected_on", "sex")
    wrong = [
        application
        for application, needed in need.items()
        if rooms(households[application,].select(columns).rows()) != needed
    ]
    assert wrong == []


def test_ages_are_plausible(borough):
    people = borough["people"].with_columns(
        age=pl.col("date_of_birth").map_elements(years, pl.Int64)
    )
    adults = people.filter(pl.col("relationship") != "child")
    assert adults["age"].min() >= 16
    assert people["age"].max() <= 100
    children = people.filter(pl.col("relationship") == "child")
    assert (children["date_of_birth"].is_null() == children["expected_on"].is_not_null()).all()
    assert (children["expected_on"].drop_nulls() > CLOSE).all()
    with_parent = children.join(
        people.filter(pl.col("relationship") == "applicant").select("application", parent="age"),
        on="application",
    ).drop_nulls(["age", "parent"])
    assert (with_parent["parent"] - with_parent["age"] >= 16).all()


def test_everyone_has_one_applicant_and_partners_are_mutual(borough):
    people = borough["people"]
    applicants = people.filter(pl.col("relationship") == "applicant")
    assert applicants["application"].to_list() == borough["applications"]["id"].to_list()
    couples = people.drop_nulls("partner_of")
    back = couples.join(couples, left_on="partner_of", right_on="id")
    assert back.height == couples.height
    assert (back["partner_of_right"] == back["id"]).all()
    assert set(couples["relationship"]) == {"applicant", "partner"}


def test_there_are_all_kinds_of_people(borough):
    people = borough["people"]
    assert set(people["relationship"]) >= {"parent", "sibling", "carer", "other_relative"}
    for flag in ("carer", "cannot_share", "temporarily_away"):
        assert 0 < people[flag].sum() < 200
    assert 1.5 < people.height / 4_000 < 3
