"""Assessing again only what is due is assessing everything, week after week."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbl_engine.assess import assess, reassess
from cbl_engine.errors import TableError
from cbl_engine.scheme import scheme_from_text
from tests.reference.random_assessment import frames, random_register, scheme_text

days = st.dates(date(2024, 6, 1), date(2026, 6, 1))


def join_some(rng, tables):
    """Some applications are joined with or split from others."""
    ids = [a["id"] for a in tables["applications"]]
    for spell in tables["band_history"]:
        if rng.random() < 0.25:
            spell["from_application"] = rng.choice(ids)
            spell["why"] = rng.choice(["joined", "split"])


def a_week_passes(rng, tables, other):
    """Rows changed, added and gone: whole households, single rows, the order of the rows."""
    for name, rows in tables.items():
        if rng.random() < 0.4 and rows and name != "applications":
            rows.pop(rng.randrange(len(rows)))
        if rng.random() < 0.4 and other[name]:
            row = other[name].pop()
            there = {r.get("id") for r in rows}
            if row.get("id") not in there:
                rows.append(row)
        if rng.random() < 0.3:
            rng.shuffle(rows)
    changed = rng.choice(tables["applications"])
    changed["ill"] = rng.choice([True, False, None])
    if rng.random() < 0.2:
        gone = tables["applications"].pop(rng.randrange(len(tables["applications"])))
        assert gone["id"]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), days)
def test_reassessing_what_is_due_is_assessing_everything(seed, as_at):
    rng = random.Random(seed)
    scheme = scheme_from_text(scheme_text(rng))
    tables, other = random_register(rng, as_at), random_register(rng, as_at)
    join_some(rng, tables)
    before = assess(scheme, frames(tables), as_at)
    held = [c for c in before.assessed.columns if c != "next_review_on"]
    for _ in range(4):
        as_at += timedelta(rng.choice([1, 7, 7, 30, 200]))
        if rng.random() < 0.6:
            a_week_passes(rng, tables, other)
        register = frames(tables)
        again = reassess(before, register, as_at)
        whole = assess(scheme, register, as_at)
        assert again.assessed.select(held).equals(whole.assessed.select(held))
        assert again.contradictions.equals(whole.contradictions)
        assert not (again.assessed["next_review_on"] <= as_at).any()
        ids = whole.assessed["application"].to_list()[:2]
        assert again.explained(ids).reasons(ids).equals(whole.reasons(ids))
        before = again


def test_only_those_for_whom_something_can_have_changed_are_done():
    rng = random.Random(3)
    scheme = scheme_from_text(scheme_text(rng))
    as_at = date(2025, 9, 1)
    register = frames(random_register(rng, as_at, 40))
    before = assess(scheme, register, as_at)
    assert reassess(before, register, as_at).done.height == 0
    first = before.assessed["next_review_on"].min()
    done = reassess(before, register, first).done
    due = before.assessed.filter(pl.col("next_review_on") <= first)["application"]
    assert done["application"].to_list() == due.to_list()
    assert set(done["why"]) == {"due"}
    other = register["applications"].with_columns(
        pl.when(pl.col("id") == "P07").then(99).otherwise("n").alias("n"))
    done = reassess(before, {**register, "applications": other}, as_at).done
    assert done.rows() == [("P07", "changed")]


def test_a_list_of_other_items_is_a_change_also_where_other_rows_come_or_go():
    rng = random.Random(3)
    scheme = scheme_from_text(scheme_text(rng))
    as_at = date(2025, 9, 1)
    register = frames(random_register(rng, as_at))
    ids = register["applications"]["id"]

    def with_needs(needs):
        column = pl.Series("needs", [needs, *[["lift"]] * (len(ids) - 1)])
        return {**register, "applications": register["applications"].with_columns(column)}

    before = assess(scheme, with_needs(["ramp|lift"]), as_at)
    after = with_needs(["ramp", "lift"])
    for rows in (after["applications"], after["applications"].head(-1)):
        done = reassess(before, {**after, "applications": rows}, as_at).done
        assert done.rows() == [(ids[0], "changed")]


def assessed_once():
    """A scheme, a register, and the register assessed on a day."""
    rng, as_at = random.Random(3), date(2025, 9, 1)
    scheme = scheme_from_text(scheme_text(rng))
    register = frames(random_register(rng, as_at))
    return scheme, register, assess(scheme, register, as_at), as_at


def test_a_changed_area_or_column_is_everyones_concern():
    _, register, before, as_at = assessed_once()
    areas = register["areas"].with_columns(pl.lit(None, pl.String).alias("parent"))
    ends = register["band_history"].with_columns(pl.lit(None, pl.Date).alias("until"))
    assert register["band_history"]["until"].null_count() < ends.height
    for other in ({"areas": areas}, {"applications": register["applications"].drop("points")},
                  {"band_history": ends}):
        assert reassess(before, {**register, **other}, as_at).done.height == 12


def with_whole_ids(register, dtype):
    """The register with whole numbers for ids of applications."""
    numbers = {"applications": ["id"], "band_history": ["application", "from_application"]}
    out = {}
    for name, table in register.items():
        columns = numbers.get(name, ["application"] if "application" in table.columns else [])
        out[name] = table.with_columns(
            pl.col(c).str.extract("([0-9]+)").cast(pl.Int64).cast(dtype) for c in columns
        )
    return out


def test_ids_of_another_type_are_everyones_concern():
    scheme, register, _, as_at = assessed_once()
    before = assess(scheme, with_whole_ids(register, pl.Int16), as_at)
    wider = with_whole_ids(register, pl.Int64)
    one = wider["applications"].head(1).with_columns(pl.lit(70000, pl.Int64).alias("id"))
    wider["applications"] = pl.concat([wider["applications"].tail(-1), one])
    for then, now in ((before, wider), (assess(scheme, wider, as_at), with_whole_ids(register, pl.Int16)),
                      (before, register), (assess(scheme, register, as_at), wider)):
        again, whole = reassess(then, now, as_at), assess(scheme, now, as_at)
        assert again.assessed.equals(whole.assessed)
        assert again.contradictions.equals(whole.contradictions)
        assert again.done.height == whole.assessed.height


@pytest.mark.parametrize(("day", "words"), [
    ("2025-09-02", "as_at: the as-at date is not a date; given '2025-09-02'; allowed: a datetime.date"),
    (datetime(2025, 9, 2), "as_at: the as-at date is not a date"),
    (date(2025, 8, 31), "as_at: the as-at date is before the date last assessed; given 2025-08-31; "
                        "allowed: 2025-09-01 or later"),
])
def test_a_date_that_is_none_or_lies_before_is_refused(day, words):
    _, register, before, _ = assessed_once()
    with pytest.raises(TableError) as caught:
        reassess(before, register, day)
    assert str(caught.value).startswith(words)


def test_a_register_that_cannot_be_assessed_is_refused_as_assessing_does():
    scheme, register, before, as_at = assessed_once()
    ids = register["applications"].with_columns(pl.lit(1.5).alias("id"))
    for bad in ({}, {**register, "applications": ids}, {**register, "people": "people.csv"}, None):
        with pytest.raises(TableError) as whole:
            assess(scheme, bad, as_at)
        with pytest.raises(TableError) as again:
            reassess(before, bad, as_at)
        assert str(again.value) == str(whole.value)
